/*
 * message_charset_names.c - the charsets that text may be in, by the names that mail has for them.
 *
 * The name of a charset comes from a stranger, and iconv's modules are many, old and not all well kept: so only names in
 * this table reach iconv_open, whatever is installed. UTF-8 and US-ASCII are not in it: they need no iconv. Each name
 * is known with "x-" in front, too; "iso8859-1" and "iso_8859-1" are "iso-8859-1".
 *
 * Loading a module takes iconv as long as converting 50 KB, and it lets go of those that nobody uses; a letter may name
 * another charset in every word. So of each charset that was ever opened one descriptor stays open, unused.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/message_charset.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHARSET_NAME_MAX = 40 };

/* What mail calls it and what iconv calls it, if that differs. Lower case, sorted. Arrays, not pointers, which the loader would have to
 * write in each process. */
static const struct charset_name {
    char mail[24], iconv[24];
} charset_names[] = {
    {"arabic", "iso-8859-6"},
    {"armscii-8", ""},
    {"asmo-708", "iso-8859-6"},
    {"big5", ""},
    {"big5-hkscs", ""},
    {"big5hkscs", "big5-hkscs"},
    {"cn-big5", "big5"},
    {"cn-gb", "gbk"},
    {"cp1125", ""},
    {"cp1250", ""},
    {"cp1251", ""},
    {"cp1252", ""},
    {"cp1253", ""},
    {"cp1254", ""},
    {"cp1255", ""},
    {"cp1256", ""},
    {"cp1257", ""},
    {"cp1258", ""},
    {"cp437", "ibm437"},
    {"cp737", ""},
    {"cp775", ""},
    {"cp850", "ibm850"},
    {"cp852", "ibm852"},
    {"cp855", ""},
    {"cp857", ""},
    {"cp858", ""},
    {"cp860", ""},
    {"cp861", ""},
    {"cp862", ""},
    {"cp863", ""},
    {"cp864", ""},
    {"cp865", ""},
    {"cp866", "ibm866"},
    {"cp869", ""},
    {"cp874", ""},
    {"cp932", ""},
    {"cp936", "gbk"},
    {"cp949", "uhc"},
    {"cp950", ""},
    {"cyrillic", "iso-8859-5"},
    {"dos-862", "cp862"},
    {"dos-874", "cp874"},
    {"ecma-cyrillic", ""},
    {"euc-cn", "gbk"},
    {"euc-jp", ""},
    {"euc-kr", ""},
    {"euc-tw", ""},
    {"eucjp", "euc-jp"},
    {"euckr", "euc-kr"},
    {"gb18030", ""},
    {"gb2312", "gbk"},
    {"gb_2312-80", "gbk"},
    {"gbk", ""},
    {"georgian-ps", ""},
    {"greek", "iso-8859-7"},
    {"hebrew", "iso-8859-8"},
    {"hp-roman8", ""},
    {"ibm037", ""},
    {"ibm1047", ""},
    {"ibm437", ""},
    {"ibm500", ""},
    {"ibm850", ""},
    {"ibm852", ""},
    {"ibm855", ""},
    {"ibm857", ""},
    {"ibm860", ""},
    {"ibm861", ""},
    {"ibm862", ""},
    {"ibm863", ""},
    {"ibm864", ""},
    {"ibm865", ""},
    {"ibm866", ""},
    {"ibm869", ""},
    {"iso-10646-ucs-2", "ucs-2"},
    {"iso-2022-cn", ""},
    {"iso-2022-jp", ""},
    {"iso-2022-jp-2", ""},
    {"iso-2022-jp-3", ""},
    {"iso-2022-kr", ""},
    {"iso-8859-1", ""},
    {"iso-8859-10", ""},
    {"iso-8859-11", ""},
    {"iso-8859-13", ""},
    {"iso-8859-14", ""},
    {"iso-8859-15", ""},
    {"iso-8859-16", ""},
    {"iso-8859-2", ""},
    {"iso-8859-3", ""},
    {"iso-8859-4", ""},
    {"iso-8859-5", ""},
    {"iso-8859-6", ""},
    {"iso-8859-6-e", "iso-8859-6"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"iso-8859-7", ""},
    {"iso-8859-8", ""},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", ""},
    {"iso-ir-100", "iso-8859-1"},
    {"iso-ir-111", ""},
    {"johab", ""},
    {"koi8", "koi8-r"},
    {"koi8-r", ""},
    {"koi8-ru", ""},
    {"koi8-t", ""},
    {"koi8-u", ""},
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
    {"mac-cyrillic", ""},
    {"mac-roman", "macintosh"},
    {"macintosh", ""},
    {"macroman", "macintosh"},
    {"mik", ""},
    {"ms932", "cp932"},
    {"ms_kanji", "cp932"},
    {"rk1048", ""},
    {"shift-jis", "cp932"},
    {"shift_jis", "cp932"},
    {"shiftjis", "cp932"},
    {"sjis", "cp932"},
    {"tcvn", ""},
    {"tcvn5712-1", "tcvn"},
    {"tis-620", ""},
    {"ucs-2", ""},
    {"uhc", ""},
    {"unicode-1-1-utf-7", "utf-7"},
    {"unicode-2-0-utf-7", "utf-7"},
    {"utf-16", ""},
    {"utf-16be", ""},
    {"utf-16le", ""},
    {"utf-32", ""},
    {"utf-32be", ""},
    {"utf-32le", ""},
    {"utf-7", ""},
    {"utf16", "utf-16"},
    {"utf7", "utf-7"},
    {"viscii", ""},
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

static const struct charset_name *find(const char *charset)
{
    char lower[CHARSET_NAME_MAX], whole[CHARSET_NAME_MAX + 1], *name = lower;
    size_t n = strlen(charset);
    if (n >= sizeof(lower))
        return NULL;
    for (size_t i = 0; i <= n; i++)
        lower[i] = ascii_lower(charset[i]);
    if (strncmp(name, "x-", 2) == 0)
        name += 2;
    bool short_form = strncmp(name, "iso8859-", 8) == 0, long_form = strncmp(name, "iso_8859-", 9) == 0;
    if (!short_form && !long_form)
        return look_up(name);
    snprintf(whole, sizeof(whole), "iso-%s", name + (short_form ? 3 : 4));
    return look_up(whole);
}

iconv_t charset_iconv_open(const char *charset)
{
    static iconv_t kept[ARRAY_LEN(charset_names)]; /* NULL: none yet */
    const struct charset_name *row = find(charset);
    if (!row)
        return (iconv_t)-1;
    const char *name = *row->iconv ? row->iconv : row->mail;
    size_t i = (size_t)(row - charset_names);
    if (!__atomic_load_n(&kept[i], __ATOMIC_ACQUIRE)) {
        iconv_t none = NULL, first = iconv_open("utf-8", name); /* never closed */
        if (!__atomic_compare_exchange_n(&kept[i], &none, first, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) &&
            first != (iconv_t)-1)
            iconv_close(first); /* another thread was first */
    }
    return iconv_open("utf-8", name);
}
