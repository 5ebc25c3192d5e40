/*
 * queue_bounce.c - composing a report: words for the person, fields for programs, the header of the message.
 *
 * What others wrote (addresses, a server's last words) is printable by then (envelope.c); it is folded so
 * that no line is too long, and 8-bit octets of the returned header pass as they are, declared as 8bit.
 */
#include "relay/queue_bounce.h"

#include "relay/queue_trace.h"

#define FOLD 76

/* "Name: value", folded at blanks. */
static void add_folded(struct strbuf *out, const char *name, const char *value)
{
    size_t column = strlen(name) + 1;
    strbuf_addf(out, "%s:", name);
    struct bytes rest = bytes_of(value);
    while (rest.p) {
        struct bytes word = bytes_split(&rest, ' ');
        if (!word.n)
            continue;
        bool fold = column + 1 + word.n > FOLD && column > strlen(name) + 1;
        strbuf_adds(out, fold ? "\n " : " ");
        strbuf_addb(out, word);
        column = (fold ? 1 : column + 1) + word.n;
    }
    strbuf_addc(out, '\n');
}

static void add_head(const struct bounce *b, struct strbuf *out)
{
    strbuf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\n", b->hostname);
    add_folded(out, "To", b->env->reverse_path);
    strbuf_adds(out, "Subject: Your message could not be delivered\nDate: ");
    trace_date(out, b->now);
    strbuf_addf(out, "\nMessage-ID: <%s.report@%s>\n", b->id, b->hostname);
    strbuf_addf(out,
                "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                "Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"=_%s\"\n"
                "Content-Transfer-Encoding: 8bit\n\n",
                b->id);
}

static void add_words(const struct bounce *b, const struct recipient *const *failed, size_t n,
                      struct strbuf *out)
{
    strbuf_addf(out, "--=_%s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
                b->id);
    strbuf_addf(
        out,
        "This is the mail server of %s.\n\nYour message could not be delivered to %s below. It will not\n"
        "be tried again. The reason stands under the address; the start of your\nmessage is attached.\n",
        b->hostname, n == 1 ? "the address" : "the addresses");
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(out, "\n  <%s>\n", failed[i]->address);
        add_folded(out, "    Reason", failed[i]->text ? failed[i]->text : "unknown");
    }
    strbuf_addc(out, '\n');
}

/* The enhanced code at the start of the words, or one that fits. */
static struct bytes enhanced(const struct recipient *r)
{
    struct bytes text = bytes_of(r->text ? r->text : "");
    size_t n = strspn(text.p, "0123456789.");
    if (n >= 5 && n <= 9 && text.p[1] == '.' && text.p[0] == '5')
        return bytes_from(text.p, n);
    return BYTES("5.0.0");
}

static void add_status(const struct bounce *b, const struct recipient *const *failed, size_t n,
                       struct strbuf *out)
{
    strbuf_addf(
        out, "--=_%s\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; %s\nArrival-Date: ", b->id,
        b->hostname);
    trace_date(out, (time_t)b->env->arrived);
    strbuf_addc(out, '\n');
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(out, "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: ", failed[i]->address);
        strbuf_addb(out, enhanced(failed[i]));
        strbuf_addc(out, '\n');
        AUTO_STRBUF struct strbuf code = STRBUF_INIT(1024);
        strbuf_addf(&code, "smtp; %d %s", failed[i]->code, failed[i]->text ? failed[i]->text : "");
        add_folded(out, "Diagnostic-Code", code.data);
    }
    strbuf_addc(out, '\n');
}

/* The header's octets, up to the empty line. */
static struct bytes header_only(struct bytes start)
{
    const char *end = start.n ? memmem(start.p, start.n, "\n\n", 2) : NULL;
    if (end)
        start.n = (size_t)(end - start.p) + 1;
    return start.n > BOUNCE_HEADER_MAX ? bytes_from(start.p, BOUNCE_HEADER_MAX) : start;
}

bool bounce_write(const struct bounce *b, const struct recipient *const *failed, size_t nfailed,
                  struct strbuf *out)
{
    add_head(b, out);
    add_words(b, failed, nfailed, out);
    add_status(b, failed, nfailed, out);
    strbuf_addf(
        out, "--=_%s\nContent-Type: text/rfc822-headers; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
        b->id);
    strbuf_addb(out, header_only(b->original));
    if (out->len && out->data[out->len - 1] != '\n')
        strbuf_addc(out, '\n');
    strbuf_addf(out, "\n--=_%s--\n", b->id);
    return !out->overflow;
}
