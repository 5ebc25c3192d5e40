/*
 * message_charset.c - text in the charsets of mail to UTF-8.
 *
 * The name of a charset comes from a stranger, and iconv's modules are many, old and not all well kept: so
 * only names in the table below reach iconv_open, whatever is installed. Text in others is read as UTF-8, bad
 * bytes as U+FFFD: searches still find its ASCII.
 */
#include "maildir/message_charset.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

enum { CHARSET_NAME_MAX = 40, CONVERT_PIECE = 4096 };

/* What mail calls it (lower case) and what iconv calls it, if that differs. */
static const struct charset_name {
    const char *mail, *iconv;
} charset_names[] = {
    {"big5", NULL},
    {"big5-hkscs", NULL},
    {"cp1250", NULL},
    {"cp1251", NULL},
    {"cp1252", NULL},
    {"cp437", "ibm437"},
    {"cp850", "ibm850"},
    {"cp852", "ibm852"},
    {"cp866", "ibm866"},
    {"cp932", NULL},
    {"euc-jp", NULL},
    {"euc-kr", NULL},
    {"gb18030", NULL},
    {"gb2312", "gbk"},
    {"gbk", NULL},
    {"ibm437", NULL},
    {"ibm850", NULL},
    {"ibm852", NULL},
    {"ibm866", NULL},
    {"iso-2022-jp", NULL},
    {"iso-2022-kr", NULL},
    {"iso-8859-1", NULL},
    {"iso-8859-10", NULL},
    {"iso-8859-11", NULL},
    {"iso-8859-13", NULL},
    {"iso-8859-14", NULL},
    {"iso-8859-15", NULL},
    {"iso-8859-16", NULL},
    {"iso-8859-2", NULL},
    {"iso-8859-3", NULL},
    {"iso-8859-4", NULL},
    {"iso-8859-5", NULL},
    {"iso-8859-6", NULL},
    {"iso-8859-7", NULL},
    {"iso-8859-8", NULL},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", NULL},
    {"koi8-r", NULL},
    {"koi8-u", NULL},
    {"ks_c_5601-1987", "uhc"},
    {"latin1", "iso-8859-1"},
    {"macintosh", NULL},
    {"shift-jis", "cp932"},
    {"shift_jis", "cp932"},
    {"tis-620", NULL},
    {"utf-16", NULL},
    {"utf-16be", NULL},
    {"utf-16le", NULL},
    {"utf-32", NULL},
    {"windows-1250", "cp1250"},
    {"windows-1251", "cp1251"},
    {"windows-1252", "cp1252"},
    {"windows-1253", "cp1253"},
    {"windows-1254", "cp1254"},
    {"windows-1255", "cp1255"},
    {"windows-1256", "cp1256"},
    {"windows-1257", "cp1257"},
    {"windows-1258", "cp1258"},
    {"windows-31j", "cp932"},
    {"windows-874", "cp874"},
    {"x-sjis", "cp932"},
};

static int name_compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct charset_name *)row)->mail);
}

void charset_open(struct charset *c, const char *charset)
{
    char name[CHARSET_NAME_MAX];
    size_t n = 0;
    *c = (struct charset){.cd = (iconv_t)-1};
    if (!charset || strlen(charset) >= sizeof(name))
        return;
    for (; charset[n]; n++)
        name[n] = ascii_lower(charset[n]);
    name[n] = '\0';
    const struct charset_name *row =
        bsearch(name, charset_names, ARRAY_LEN(charset_names), sizeof(charset_names[0]), name_compare);
    if (row)
        c->cd = iconv_open("utf-8", row->iconv ? row->iconv : row->mail);
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
