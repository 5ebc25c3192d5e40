/*
 * imap_reply.c - see imap_reply.h.
 */
#include "access/imap_reply.h"

#include "access/imap_session.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "maildir/mutf7.h"

#define LINE_MAX_OUT 16384 /* octets of an untagged line made by imap_untagged */
#define NAME_MAX_OUT 16384

static const char *const status_words[] = {[IMAP_OK] = "OK", [IMAP_NO] = "NO", [IMAP_BAD] = "BAD"};

/* What each kind of error means to the client, and whether the operator should read of it. */
static const struct {
    const char *code;
    bool log;
} codes[] = {
    [ERR_OK] = {"SERVERBUG", true},          [ERR_NOTFOUND] = {"NONEXISTENT", false},
    [ERR_EXISTS] = {"ALREADYEXISTS", false}, [ERR_ACCESS] = {"NOPERM", true},
    [ERR_QUOTA] = {"OVERQUOTA", false},      [ERR_SPACE] = {"UNAVAILABLE", true},
    [ERR_LIMIT] = {"LIMIT", false},          [ERR_INVALID] = {"CANNOT", false},
    [ERR_CORRUPT] = {"CORRUPTION", true},    [ERR_BUSY] = {"INUSE", false},
    [ERR_TEMP] = {"UNAVAILABLE", true},      [ERR_INTERNAL] = {"SERVERBUG", true},
};

/* Text on the wire is printable ASCII. */
static void sanitize(struct strbuf *text, size_t from)
{
    for (size_t i = from; i < text->len; i++) {
        if (text->data[i] < ' ' || text->data[i] > '~')
            text->data[i] = '?';
    }
}

static enum imap_status settle(struct imap *s, enum imap_status status, const char *fmt, va_list ap)
{
    s->reply.status = status;
    strbuf_clear(&s->reply.text);
    strbuf_addv(&s->reply.text, fmt, ap);
    sanitize(&s->reply.text, 0);
    return status;
}

#define SETTLE(status)                                                                                       \
    va_list ap;                                                                                              \
    va_start(ap, fmt);                                                                                       \
    settle(s, status, fmt, ap);                                                                              \
    va_end(ap);                                                                                              \
    return status

enum imap_status imap_ok(struct imap *s, const char *fmt, ...)
{
    SETTLE(IMAP_OK);
}

enum imap_status imap_no(struct imap *s, const char *fmt, ...)
{
    SETTLE(IMAP_NO);
}

enum imap_status imap_bad(struct imap *s, const char *fmt, ...)
{
    SETTLE(IMAP_BAD);
}

enum imap_status imap_no_err(struct imap *s, const struct err *e)
{
    if (codes[e->code].log)
        log_error("%s: %s", s->options->user, e->text);
    return imap_no(s, "[%s] %s", codes[e->code].code, e->text);
}

enum imap_status imap_no_trycreate(struct imap *s, const struct err *e)
{
    if (e->code == ERR_NOTFOUND)
        return imap_no(s, "[TRYCREATE] %s", e->text);
    return imap_no_err(s, e);
}

void imap_put(struct imap *s, struct bytes b)
{
    imap_io_write(&s->io, b.p, b.n);
}

void imap_put_number(struct imap *s, uint64_t value)
{
    char digits[24];
    struct strbuf text = {.data = digits, .size = sizeof(digits), .max = sizeof(digits) - 1};
    strbuf_addu(&text, value);
    imap_put(s, strbuf_bytes(&text));
}

void imap_puts(struct imap *s, const char *text)
{
    imap_io_write(&s->io, text, strlen(text));
}

void imap_untagged(struct imap *s, const char *fmt, ...)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(LINE_MAX_OUT);
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&line, fmt, ap);
    va_end(ap);
    imap_puts(s, "* ");
    imap_put(s, strbuf_bytes(&line));
    imap_puts(s, "\r\n");
}

void imap_reply_send(struct imap *s)
{
    imap_put(s, imap_parse_tag(&s->parse));
    imap_puts(s, " ");
    imap_puts(s, status_words[s->reply.status]);
    imap_puts(s, " ");
    imap_put(s, strbuf_bytes(&s->reply.text));
    imap_puts(s, "\r\n");
    if (s->reply.text.size > IMAP_OUT_SIZE)
        strbuf_done(&s->reply.text);
    strbuf_clear(&s->reply.text);
}

static bool is_atom(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] <= ' ' || b.p[i] > '~' || strchr("(){%*\"\\]", b.p[i]))
            return false;
    }
    return b.n > 0 && !bytes_eq_nocase(b, BYTES("NIL"));
}

void imap_mailbox_write(const struct imap *s, struct strbuf *out, const char *utf8)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(NAME_MAX_OUT);
    if (imap_speaks_utf8(s))
        strbuf_adds(&name, utf8);
    else
        mutf7_encode(&name, bytes_of(utf8));
    if (is_atom(strbuf_bytes(&name))) {
        strbuf_addb(out, strbuf_bytes(&name));
        return;
    }
    strbuf_addc(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, name.data[i]);
    }
    strbuf_addc(out, '"');
}
