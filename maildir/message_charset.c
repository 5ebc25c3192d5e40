/*
 * message_charset.c - text in the charsets of mail to UTF-8.
 *
 * Text in a charset that is not known (message_charset_names.c) is read as UTF-8, bad bytes as U+FFFD: searches still
 * find its ASCII. What iconv converts goes through CONVERT_PIECE octets at a time; sixteen octets that are still no
 * character are none.
 */
#include "maildir/message_charset.h"

#include "base/text.h"
#include "maildir/message.h"

#include <errno.h>

enum { CONVERT_PIECE = 4096, NAME_LEN_MAX = 40 };

void charset_open(struct charset *c, const char *charset)
{
    *c = (struct charset){.cd = charset ? charset_iconv_open(charset) : (iconv_t)-1};
}

/* Octets of the UTF-8 sequence that this one begins. */
static size_t sequence_length(char lead)
{
    unsigned char c = (unsigned char)lead;
    return c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
}

/* Octets at the end of b that are the beginning of a sequence. */
static size_t incomplete_tail(struct bytes b)
{
    for (size_t back = 1; back <= 3 && back <= b.n; back++) {
        char c = b.p[b.n - back];
        if (((unsigned char)c & 0xc0) != 0x80)
            return sequence_length(c) > back ? back : 0;
    }
    return 0;
}

/* Append b, with U+FFFD for each byte that is not part of UTF-8. */
static void utf8_scrub(struct bytes b, struct strbuf *out)
{
    for (size_t at = 0, good = 0;;) {
        at += ascii_run(bytes_skip(b, at));
        size_t from = at;
        int32_t cp = at < b.n ? utf8_next(b, &at) : -1;
        if (cp >= 0)
            continue;
        strbuf_add(out, b.p + good, from - good);
        if (from == b.n)
            return;
        utf8_add(out, 0xfffd);
        good = at;
    }
}

static void utf8_feed(struct charset *c, struct bytes in, struct strbuf *out)
{
    while (c->npending && in.n) {
        c->pending[c->npending++] = in.p[0];
        in = bytes_skip(in, 1);
        struct bytes all = {c->pending, c->npending};
        if (incomplete_tail(all) == all.n)
            continue;
        /* the new octet may itself begin a sequence */
        size_t tail = incomplete_tail(all);
        utf8_scrub((struct bytes){all.p, all.n - tail}, out);
        memmove(c->pending, all.p + all.n - tail, tail);
        c->npending = tail;
    }
    size_t tail = incomplete_tail(in);
    utf8_scrub((struct bytes){in.p, in.n - tail}, out);
    if (tail) {
        memcpy(c->pending, in.p + in.n - tail, tail);
        c->npending = tail;
    }
}

/* Convert as much as there is; returns what is left: the beginning of a character. */
static struct bytes iconv_run(struct charset *c, struct bytes in, struct strbuf *out)
{
    char piece[CONVERT_PIECE];
    char *from = (char *)in.p; /* iconv's prototype lacks a const */
    size_t left = in.n;
    while (left) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t r = iconv(c->cd, &from, &left, &to, &room);
        int error = errno;
        strbuf_add(out, piece, sizeof(piece) - room);
        if (r != (size_t)-1 || error == EINVAL)
            break;
        if (error == E2BIG)
            continue;
        utf8_add(out, 0xfffd);
        from++;
        left--;
    }
    return (struct bytes){from, left};
}

static void iconv_feed(struct charset *c, struct bytes in, struct strbuf *out)
{
    while (c->npending && in.n) {
        c->pending[c->npending++] = in.p[0];
        in = bytes_skip(in, 1);
        struct bytes left = iconv_run(c, (struct bytes){c->pending, c->npending}, out);
        if (left.n == sizeof(c->pending)) {
            utf8_add(out, 0xfffd);
            left.n = 0;
        }
        memmove(c->pending, left.p, left.n);
        c->npending = left.n;
    }
    struct bytes left = iconv_run(c, in, out);
    if (left.n >= sizeof(c->pending)) {
        utf8_add(out, 0xfffd);
        left.n = 0;
    }
    if (left.n) {
        memcpy(c->pending, left.p, left.n);
        c->npending = left.n;
    }
}

void charset_feed(struct charset *c, struct bytes in, struct strbuf *out)
{
    if (in.n == 0)
        return;
    if (c->cd == (iconv_t)-1)
        utf8_feed(c, in, out);
    else
        iconv_feed(c, in, out);
}

void charset_close(struct charset *c, struct strbuf *out)
{
    if (c->cd != (iconv_t)-1) {
        char piece[64];
        char *to = piece;
        size_t room = sizeof(piece);
        iconv(c->cd, NULL, NULL, &to, &room);
        strbuf_add(out, piece, sizeof(piece) - room);
        iconv_close(c->cd);
        c->cd = (iconv_t)-1;
        if (c->npending)
            utf8_add(out, 0xfffd);
    } else {
        utf8_scrub((struct bytes){c->pending, c->npending}, out);
    }
    c->npending = 0;
}

/* A name that means something else to iconv ("utf-8//IGNORE", "") is none. */
static bool is_plain_name(const char *charset)
{
    size_t n = strspn(charset, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+()");
    return n > 0 && n <= NAME_LEN_MAX && charset[n] == '\0';
}

bool text_convert(const char *charset, struct bytes text, struct strbuf *out)
{
    struct charset c = {.cd = charset_iconv_open(charset)};
    size_t start = out ? out->len : 0;
    if (c.cd == (iconv_t)-1 && is_plain_name(charset))
        c.cd = iconv_open("utf-8", charset);
    if (c.cd == (iconv_t)-1)
        return false;
    bool fine = true;
    if (out) {
        charset_feed(&c, text, out);
        charset_close(&c, out);
        fine = !memmem(out->data + start, out->len - start, "\xef\xbf\xbd", 3) && !out->overflow;
    } else
        iconv_close(c.cd);
    return fine;
}
