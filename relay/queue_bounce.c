/*
 * queue_bounce.c - composing a report: words for the person, fields for programs, the header of the message.
 *
 * What others wrote (addresses, a server's last words) is printable by then (envelope.c); it is folded so that no line is
 * too long, and 8-bit octets of the returned header pass as they are, declared as 8bit. ENVID and ORCPT go back as they
 * were meant: out of xtext, if that leaves something printable (RFC 3464 2.2.1, 2.3.1).
 */
#include "relay/queue_bounce.h"

#include "relay/queue_trace.h"

#include "base/text.h"

#define FOLD 76

enum outcome { FAILED, LATE, DELIVERED };

static const struct {
    const char *action, *subject, *words, *more;
} outcomes[] = {
    [FAILED] = {"failed", "Your message could not be delivered", "It could not be delivered to",
                "It will not be tried again."},
    [LATE] = {"delayed", "Your message is late", "It could not be delivered yet to",
              "It will be tried again; you need not send it again."},
    [DELIVERED] = {"delivered", "Your message was delivered", "It was delivered to", "You asked to be told."},
};

static enum outcome outcome_of(const struct recipient *r)
{
    return r->code >= 500 ? FAILED : r->code >= 400 ? LATE : DELIVERED;
}

bool bounce_wanted(const struct recipient *r, bool late)
{
    static const unsigned bits[] = {
        [FAILED] = NOTIFY_FAILURE, [LATE] = NOTIFY_DELAY, [DELIVERED] = NOTIFY_SUCCESS};
    enum outcome o = outcome_of(r);
    if (!r->code || (o == LATE && !late))
        return false;
    if (o == DELIVERED && r->kind == RECIPIENT_REMOTE && !r->relayed)
        return false; /* the next server knows that it has to tell */
    return r->notify ? r->notify & bits[o] : o != DELIVERED;
}

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

/* Recipients with that outcome. */
static size_t count(const struct recipient *const *rcpts, size_t n, enum outcome o)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += outcome_of(rcpts[i]) == o;
    return found;
}

static bool is_utf8(const struct recipient *const *rcpts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!text_is_ascii(bytes_of(rcpts[i]->address)))
            return true;
    return false;
}

static void add_head(const struct bounce *b, enum outcome worst, struct strbuf *out)
{
    strbuf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\n", b->hostname);
    add_folded(out, "To", b->env->reverse_path);
    strbuf_addf(out, "Subject: %s\nDate: ", outcomes[worst].subject);
    trace_date(out, b->now);
    strbuf_addf(out, "\nMessage-ID: <%s.report@%s>\n", b->id, b->hostname);
    strbuf_addf(out,
                "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                "Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"=_%s\"\n"
                "Content-Transfer-Encoding: 8bit\n\n",
                b->id);
}

static void add_words_of(const struct bounce *b, const struct recipient *const *rcpts, size_t n,
                         enum outcome o, struct strbuf *out)
{
    size_t many = count(rcpts, n, o);
    if (!many)
        return;
    strbuf_addc(out, '\n');
    strbuf_addf(out, "%s the address%s below.\n%s\n", outcomes[o].words, many == 1 ? "" : "es",
                outcomes[o].more);
    for (size_t i = 0; i < n; i++) {
        const struct recipient *r = rcpts[i];
        if (outcome_of(r) != o)
            continue;
        strbuf_addf(out, "\n  <%s>\n", r->address);
        if (r->kind == RECIPIENT_REMOTE && r->relayed)
            strbuf_adds(out, "    It was handed to a server that does not report further deliveries.\n");
        if (r->kind == RECIPIENT_REMOTE && b->relay)
            strbuf_addf(out, "    The server %s said:\n", b->relay);
        add_folded(out, o == DELIVERED ? "    Answer" : "    Reason", r->text ? r->text : "unknown");
    }
}

static void add_words(const struct bounce *b, const struct recipient *const *rcpts, size_t n,
                      struct strbuf *out)
{
    strbuf_addf(out, "--=_%s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
                b->id);
    strbuf_addf(out, "This is the mail server of %s, about a message that you sent.\n", b->hostname);
    for (enum outcome o = FAILED; o <= DELIVERED; o++)
        add_words_of(b, rcpts, n, o, out);
    strbuf_addf(out, "\n%s of the message is attached.\n\n", b->whole ? "A copy" : "The header");
}

/* The enhanced code at the start of the words if it is of the class, or one that fits. */
static struct bytes enhanced(const struct recipient *r)
{
    static const char *const plain[] = {[FAILED] = "5.0.0", [LATE] = "4.0.0", [DELIVERED] = "2.0.0"};
    enum outcome o = outcome_of(r);
    struct bytes text = bytes_of(r->text ? r->text : "");
    size_t n = strspn(text.p, "0123456789.");
    if (n >= 5 && n <= 9 && text.p[1] == '.' && text.p[0] == plain[o][0])
        return bytes_from(text.p, n);
    return bytes_of(plain[o]);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "Name: text" with +XX decoded; as it stands if that would leave something that no header may have. */
static void add_xtext(struct strbuf *out, const char *name, const char *text)
{
    AUTO_STRBUF struct strbuf plain = STRBUF_INIT(ENVELOPE_PATH_MAX);
    bool fine = true;
    for (const char *p = text; *p; p++) {
        char c = *p;
        if (c == '+' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
            c = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
            p += 2;
        }
        fine = fine && c > ' ' && c < 127;
        strbuf_addc(&plain, c);
    }
    strbuf_addf(out, "%s: %s\n", name, fine && !plain.overflow ? plain.data : text);
}

static void add_recipient(const struct bounce *b, const struct recipient *r, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf code = STRBUF_INIT(1024);
    bool ascii = text_is_ascii(bytes_of(r->address)), elsewhere = r->kind == RECIPIENT_REMOTE;
    enum outcome o = outcome_of(r);
    strbuf_addc(out, '\n');
    if (r->orcpt)
        add_xtext(out, "Original-Recipient", r->orcpt);
    strbuf_addf(out, "Final-Recipient: %s; %s\nAction: %s\nStatus: ", ascii ? "rfc822" : "utf-8", r->address,
                o == DELIVERED && elsewhere ? "relayed" : outcomes[o].action);
    strbuf_addb(out, enhanced(r));
    strbuf_addc(out, '\n');
    if (elsewhere && b->relay)
        strbuf_addf(out, "Remote-MTA: dns; %s\n", b->relay);
    strbuf_addf(&code, "smtp; %d %s", r->code, r->text ? r->text : "");
    add_folded(out, "Diagnostic-Code", code.data);
    if (o == LATE && b->give_up) {
        strbuf_adds(out, "Will-Retry-Until: ");
        trace_date(out, b->give_up);
        strbuf_addc(out, '\n');
    }
}

static void add_status(const struct bounce *b, const struct recipient *const *rcpts, size_t n,
                       struct strbuf *out)
{
    strbuf_addf(out, "--=_%s\nContent-Type: message/%sdelivery-status\n%s\n", b->id,
                is_utf8(rcpts, n) ? "global-" : "",
                is_utf8(rcpts, n) ? "Content-Transfer-Encoding: 8bit\n" : "");
    if (*b->env->envid)
        add_xtext(out, "Original-Envelope-Id", b->env->envid);
    strbuf_addf(out, "Reporting-MTA: dns; %s\nArrival-Date: ", b->hostname);
    trace_date(out, (time_t)b->env->arrived);
    strbuf_addc(out, '\n');
    for (size_t i = 0; i < n; i++)
        add_recipient(b, rcpts[i], out);
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

static void add_original(const struct bounce *b, struct strbuf *out)
{
    strbuf_addf(out, "--=_%s\nContent-Type: %s\nContent-Transfer-Encoding: 8bit\n\n", b->id,
                b->whole ? "message/rfc822" : "text/rfc822-headers; charset=utf-8");
    strbuf_addb(out, b->whole ? b->original : header_only(b->original));
    if (out->len && out->data[out->len - 1] != '\n')
        strbuf_addc(out, '\n');
    strbuf_addf(out, "\n--=_%s--\n", b->id);
}

bool bounce_write(const struct bounce *b, const struct recipient *const *rcpts, size_t n, struct strbuf *out)
{
    enum outcome worst = count(rcpts, n, FAILED) ? FAILED : count(rcpts, n, LATE) ? LATE : DELIVERED;
    add_head(b, worst, out);
    add_words(b, rcpts, n, out);
    add_status(b, rcpts, n, out);
    add_original(b, out);
    return !out->overflow;
}
