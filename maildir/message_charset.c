/*
 * message_charset.c - text in the charsets of mail to UTF-8.
 *
 * The name of a charset comes from a stranger, and iconv's modules are many, old and not all well kept: so
 * only names in the table below reach iconv_open, whatever is installed. Text in others is read as UTF-8, bad
 * bytes as U+FFFD: searches still find its ASCII. Bounds: a name has less than CHARSET_NAME_MAX octets; what is
 * converted goes through CONVERT_PIECE octets at a time; sixteen octets that are still no character are none.
 */
#include "maildir/message_charset.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHARSET_NAME_MAX = 40, CONVERT_PIECE = 4096 };

/* What mail calls it and what iconv calls it, if that differs. Lower case, without "x-" in front; sorted. */
static const struct charset_name {
    const char *mail, *iconv;
} charset_names[] = {
    {"arabic", "iso-8859-6"},
    {"armscii-8", NULL},
    {"asmo-708", "iso-8859-6"},
    {"big5", NULL},
    {"big5-hkscs", NULL},
    {"big5hkscs", "big5-hkscs"},
    {"cn-big5", "big5"},
    {"cn-gb", "gbk"},
    {"cp1125", NULL},
    {"cp1250", NULL},
    {"cp1251", NULL},
    {"cp1252", NULL},
    {"cp1253", NULL},
    {"cp1254", NULL},
    {"cp1255", NULL},
    {"cp1256", NULL},
    {"cp1257", NULL},
    {"cp1258", NULL},
    {"cp437", "ibm437"},
    {"cp737", NULL},
    {"cp775", NULL},
    {"cp850", "ibm850"},
    {"cp852", "ibm852"},
    {"cp855", NULL},
    {"cp857", NULL},
    {"cp858", NULL},
    {"cp860", NULL},
    {"cp861", NULL},
    {"cp862", NULL},
    {"cp863", NULL},
    {"cp864", NULL},
    {"cp865", NULL},
    {"cp866", "ibm866"},
    {"cp869", NULL},
    {"cp874", NULL},
    {"cp932", NULL},
    {"cp936", "gbk"},
    {"cp949", "uhc"},
    {"cp950", NULL},
    {"cyrillic", "iso-8859-5"},
    {"dos-862", "cp862"},
    {"dos-874", "cp874"},
    {"ecma-cyrillic", NULL},
    {"euc-cn", "gbk"},
    {"euc-jp", NULL},
    {"euc-kr", NULL},
    {"euc-tw", NULL},
    {"eucjp", "euc-jp"},
    {"euckr", "euc-kr"},
    {"gb18030", NULL},
    {"gb2312", "gbk"},
    {"gb_2312-80", "gbk"},
    {"gbk", NULL},
    {"georgian-ps", NULL},
    {"greek", "iso-8859-7"},
    {"hebrew", "iso-8859-8"},
    {"hp-roman8", NULL},
    {"ibm037", NULL},
    {"ibm1047", NULL},
    {"ibm437", NULL},
    {"ibm500", NULL},
    {"ibm850", NULL},
    {"ibm852", NULL},
    {"ibm855", NULL},
    {"ibm857", NULL},
    {"ibm860", NULL},
    {"ibm861", NULL},
    {"ibm862", NULL},
    {"ibm863", NULL},
    {"ibm864", NULL},
    {"ibm865", NULL},
    {"ibm866", NULL},
    {"ibm869", NULL},
    {"iso-10646-ucs-2", "ucs-2"},
    {"iso-2022-cn", NULL},
    {"iso-2022-jp", NULL},
    {"iso-2022-jp-2", NULL},
    {"iso-2022-jp-3", NULL},
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
    {"iso-8859-6-e", "iso-8859-6"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"iso-8859-7", NULL},
    {"iso-8859-8", NULL},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", NULL},
    {"iso-ir-100", "iso-8859-1"},
    {"iso-ir-111", NULL},
    {"johab", NULL},
    {"koi8", "koi8-r"},
    {"koi8-r", NULL},
    {"koi8-ru", NULL},
    {"koi8-t", NULL},
    {"koi8-u", NULL},
    {"koi8r", "koi8-r"},
    {"koi8u", "koi8-u"},
    {"ks_c_5601", "uhc"},
    {"ks_c_5601-1987", "uhc"},
    {"ksc5601", "uhc"},
    {"latin-1", "iso-8859-1"},
    {"latin-2", "iso-8859-2"},
    {"latin-9", "iso-8859-15"},
    {"latin1", "iso-8859-1"},
    {"latin2", "iso-8859-2"},
    {"latin3", "iso-8859-3"},
    {"latin4", "iso-8859-4"},
    {"latin5", "iso-8859-9"},
    {"latin6", "iso-8859-10"},
    {"latin9", "iso-8859-15"},
    {"mac", "macintosh"},
    {"mac-ce", "mac-centraleurope"},
    {"mac-centraleurroman", "mac-centraleurope"},
    {"mac-cyrillic", NULL},
    {"mac-roman", "macintosh"},
    {"macintosh", NULL},
    {"macroman", "macintosh"},
    {"mik", NULL},
    {"ms932", "cp932"},
    {"ms_kanji", "cp932"},
    {"rk1048", NULL},
    {"shift-jis", "cp932"},
    {"shift_jis", "cp932"},
    {"shiftjis", "cp932"},
    {"sjis", "cp932"},
    {"tcvn", NULL},
    {"tcvn5712-1", "tcvn"},
    {"tis-620", NULL},
    {"ucs-2", NULL},
    {"uhc", NULL},
    {"unicode-1-1-utf-7", "utf-7"},
    {"unicode-2-0-utf-7", "utf-7"},
    {"utf-16", NULL},
    {"utf-16be", NULL},
    {"utf-16le", NULL},
    {"utf-32", NULL},
    {"utf-32be", NULL},
    {"utf-32le", NULL},
    {"utf-7", NULL},
    {"utf16", "utf-16"},
    {"utf7", "utf-7"},
    {"viscii", NULL},
    {"win-1251", "cp1251"},
    {"win1251", "cp1251"},
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
    {"windows-936", "gbk"},
    {"windows-949", "uhc"},
};

static int name_compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct charset_name *)row)->mail);
}

const char *charset_nth(size_t i)
{
    return i < ARRAY_LEN(charset_names) ? charset_names[i].mail : NULL;
}

static const struct charset_name *look_up(const char *name)
{
    return bsearch(name, charset_names, ARRAY_LEN(charset_names), sizeof(charset_names[0]), name_compare);
}

/* By its name in lower case and the forms that mail programs make of it: "x-sjis", "iso8859-1", "iso_8859-1". */
static const struct charset_name *find_charset(const char *name)
{
    if (strncmp(name, "x-", 2) == 0)
        name += 2;
    bool short_form = strncmp(name, "iso8859-", 8) == 0;
    bool long_form = strncmp(name, "iso_8859-", 9) == 0;
    if (!short_form && !long_form)
        return look_up(name);
    char whole[CHARSET_NAME_MAX + 1];
    snprintf(whole, sizeof(whole), "iso-%s", name + (short_form ? 3 : 4));
    return look_up(whole);
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
    const struct charset_name *row = find_charset(name);
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
