/*
 * smtp_repair.c - see smtp_repair.h.
 *
 * Addresses are completed in place, without taking the field apart: only a dot-atom that stands alone between two
 * separators, or alone in angle brackets, is a local part beyond doubt; all else stays octet by octet.
 */
#include "relay/smtp_repair.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/message.h"

#define COMMENT_DEPTH_MAX 1000

/* ---- addresses ---- */

static bool is_local_char(char c)
{
    return ascii_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c)) || (unsigned char)c >= 0x80;
}

/* Length of what cannot hold an address: a quoted string or a comment, to its end. 0: neither begins here. */
static size_t opaque_length(struct bytes b)
{
    char open = b.p[0], close = open == '"' ? '"' : ')';
    int depth = 0;
    if (open != '"' && open != '(')
        return 0;
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '\\')
            i++;
        else if (b.p[i] == close && (open == '"' ? i > 0 : --depth == 0))
            return i + 1;
        else if (b.p[i] == '(' && open == '(' && ++depth > COMMENT_DEPTH_MAX)
            break;
    }
    return b.n;
}

/* One element of the list, up to its separator: is it a bare word, and where does that end? */
struct element {
    size_t words; /* dot-atoms seen */
    size_t end;   /* behind the first, in out */
    bool other;   /* quotes, brackets, an at sign: not a bare word */
    bool in_angle;
};

static void close_element(struct element *e, const char *domain, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf tail = STRBUF_INIT(out->max);
    if (e->words == 1 && !e->other) {
        strbuf_addb(&tail, bytes_skip(strbuf_bytes(out), e->end));
        strbuf_truncate(out, e->end);
        strbuf_addf(out, "@%s", domain);
        strbuf_addb(out, strbuf_bytes(&tail));
    }
    *e = (struct element){.other = false};
}

/* One octet that is neither part of a word nor opaque. */
static void take_mark(struct element *e, char c, const char *domain, struct strbuf *out)
{
    if (c == '<') {
        *e = (struct element){.in_angle = true};
    } else if (c == '>' && e->in_angle) {
        close_element(e, domain, out);
        e->other = true; /* up to the comma nothing more is an address */
    } else if ((c == ',' || c == ';') && !e->in_angle) {
        close_element(e, domain, out);
    } else if (c == ':' && !e->in_angle) {
        *e = (struct element){.other = false}; /* the name of a group */
    } else if (c != ' ' && c != '\t' && c != '\n') {
        e->other = true;
    }
    strbuf_addc(out, c);
}

void repair_addresses(struct bytes value, const char *domain, struct strbuf *out)
{
    struct element e = {.other = false};
    while (value.n) {
        size_t opaque = opaque_length(value), word = 0;
        while (word < value.n && is_local_char(value.p[word]))
            word++;
        if (opaque || word) {
            strbuf_add(out, value.p, opaque ? opaque : word);
            e.other |= value.p[0] == '"';
            if (word && e.words++ == 0)
                e.end = out->len;
            value = bytes_skip(value, opaque ? opaque : word);
        } else {
            take_mark(&e, value.p[0], domain, out);
            value = bytes_skip(value, 1);
        }
    }
    if (!e.in_angle)
        close_element(&e, domain, out);
}

/* ---- fields ---- */

enum treatment { KEEP, DROP, COMPLETE };

static enum treatment treatment(struct bytes name)
{
    static const struct {
        const char *name;
        enum treatment what;
    } rows[] = {
        {"Bcc", DROP},
        {"Resent-Bcc", DROP},
        {"From", COMPLETE},
        {"Sender", COMPLETE},
        {"To", COMPLETE},
        {"Cc", COMPLETE},
        {"Reply-To", COMPLETE},
        {"Resent-From", COMPLETE},
        {"Resent-To", COMPLETE},
        {"Resent-Cc", COMPLETE},
        {"Resent-Sender", COMPLETE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (bytes_eq_nocase(name, bytes_of(rows[i].name)))
            return rows[i].what;
    return KEEP;
}

static void add_field(const struct header_field *f, const char *domain, struct strbuf *out)
{
    enum treatment what = treatment(f->name);
    if (what == DROP)
        return;
    if (what == KEEP || !f->value.n) {
        strbuf_addb(out, f->whole);
        return;
    }
    size_t head = (size_t)(f->value.p - f->whole.p);
    strbuf_add(out, f->whole.p, head);
    repair_addresses(f->value, domain, out);
    strbuf_addb(out, bytes_skip(f->whole, head + f->value.n));
}

/* The header proper: up to a line that is no field. */
static struct bytes fields_of(struct bytes header)
{
    struct bytes rest = header;
    struct header_field f;
    while (header_next(&rest, &f))
        if (!f.name.n)
            return bytes_from(header.p, (size_t)(f.whole.p - header.p));
    return header;
}

void repair_header(struct bytes header, const struct repair *how, struct strbuf *out)
{
    struct bytes fields = fields_of(header), rest = fields;
    struct bytes body = bytes_skip(header, fields.n);
    struct header_field f;
    if (!header_find(fields, "Date", &f))
        strbuf_addf(out, "Date: %s\n", how->date);
    if (!header_find(fields, "Message-ID", &f))
        strbuf_addf(out, "Message-ID: %s\n", how->message_id);
    if (!header_find(fields, "From", &f))
        strbuf_addf(out, "From: %s\n", how->from);
    const char *at = fields.p;
    while (header_next(&rest, &f)) {
        add_field(&f, how->domain, out);
        at = f.whole.p + f.whole.n;
    }
    if (body.n)
        strbuf_addc(out, '\n');
    strbuf_add(out, at, fields.n - (size_t)(at - fields.p));
    strbuf_addb(out, body);
}
