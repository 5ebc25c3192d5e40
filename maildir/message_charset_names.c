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

/* What mail calls it and what iconv calls it, if that differs. Lower case, sorted. */
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
    const char *name = row->iconv ? row->iconv : row->mail;
    size_t i = (size_t)(row - charset_names);
    if (!__atomic_load_n(&kept[i], __ATOMIC_ACQUIRE)) {
        iconv_t none = NULL, first = iconv_open("utf-8", name); /* never closed */
        if (!__atomic_compare_exchange_n(&kept[i], &none, first, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) &&
            first != (iconv_t)-1)
            iconv_close(first); /* another thread was first */
    }
    return iconv_open("utf-8", name);
}
