#include "maildir/message.h"
#include "maildir/message_charset.h"

#include "t/unit/unit.h"

static void decode(const char *encoding, const char *charset, bool utf8, struct bytes in, size_t piece,
                   struct strbuf *out)
{
    struct message_decoder *d = message_decoder_new(encoding, charset, utf8);
    for (size_t n; in.n; in = bytes_skip(in, n)) {
        n = piece < in.n ? piece : in.n;
        message_decoder_feed(d, (struct bytes){in.p, n}, out);
    }
    message_decoder_finish(d, out);
}

static const struct {
    const char *encoding, *charset;
    bool utf8;
    const char *in, *out;
} cases[] = {
    {"BASE64", NULL, false, "aGVs\r\nbG8=", "hello"},
    {"base64", NULL, false, "aGVsbG8=d29ybGQ", "helloworld"},
    {"base64", NULL, false, "a!G*V s\tb", "hel"},
    {"base64", "iso-8859-1", true, "6Q==", "\xc3\xa9"},
    {"Quoted-Printable", NULL, false, "a=3Db=3d=\r\nc=\nd", "a=b=cd"},
    {"quoted-printable", NULL, false, "x  \t\r\ny \nz = \t\r\n!", "x\r\ny\nz !"},
    {"quoted-printable", NULL, false, "=zz=4=4g==3D=", "=zz=4=4g==="},
    {"quoted-printable", NULL, false, "a\rb \r", "a\rb \r"},
    {"quoted-printable", "utf-8", true, "caf=C3=A9", "caf\xc3\xa9"},
    {"8bit", "windows-1252", true, "\x80 \x81", "\xe2\x82\xac \xef\xbf\xbd"},
    {"7bit", "iso-2022-jp", true, "\x1b$BF|K\\\x1b(B.", "\xe6\x97\xa5\xe6\x9c\xac."},
    {NULL, NULL, true, "a\xc3\xa9\xff\xc3", "a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"},
    {NULL, "us-ascii", true, "\xe2\x82\xac\xe2\x82", "\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd"},
    {NULL, "../../etc/x//TRANSLIT", true, "a\xe9", "a\xef\xbf\xbd"},
    {NULL, "utf-8", false, "a\xff", "a\xff"},
    {"x-uuencode", NULL, false, "as it is", "as it is"},
    {NULL, "shift_jis", true, "\x93\xfa\x93", "\xe6\x97\xa5\xef\xbf\xbd"},
};

START_TEST(decodes_whatever_the_cuts)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t piece = 1; piece < 9; piece++) {
            AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
            decode(cases[i].encoding, cases[i].charset, cases[i].utf8, bytes_of(cases[i].in), piece, &out);
            ck_assert_msg(strcmp(out.data, cases[i].out) == 0, "%zu, pieces of %zu: %s", i, piece, out.data);
        }
}
END_TEST

START_TEST(keeps_nuls)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    decode("quoted-printable", NULL, true, BYTES("a=00b\0c"), 2, &out);
    ck_assert(bytes_eq(strbuf_bytes(&out), BYTES("a\0b\0c")));
}
END_TEST

START_TEST(knows_the_charsets_of_its_table)
{
    const char *name, *before = "";
    for (size_t i = 0; (name = charset_nth(i)); i++, before = name) {
        struct charset c;
        charset_open(&c, name);
        ck_assert_msg(c.cd != (iconv_t)-1, "iconv does not know %s", name);
        ck_assert_msg(strcmp(before, name) < 0, "%s is not in order", name);
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        charset_close(&c, &out);
    }
}
END_TEST

START_TEST(knows_charsets_by_the_names_that_mail_uses)
{
    static const char *const names[][3] = {
        {"ISO8859-2", "\xb1", "\xc4\x85"},      {"iso_8859-15", "\xa4", "\xe2\x82\xac"},
        {"X-SJIS", "\x93\xfa", "\xe6\x97\xa5"}, {"UTF-7", "+AOk-", "\xc3\xa9"},
        {"gb2312", "\x81\x40", "\xe4\xb8\x82"}, {"x-mac-roman", "\x8e", "\xc3\xa9"},
        {"iso-8859-8-i", "\xe0", "\xd7\x90"},   {"utf8", "\xc3\xa9", "\xc3\xa9"},
        {"", "\xe9", "\xef\xbf\xbd"},           {"char", "\xe9", "\xef\xbf\xbd"},
        {"iso8859-", "\xe9", "\xef\xbf\xbd"},   {"wchar_t", "\xe9", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        decode(NULL, names[i][0], true, bytes_of(names[i][1]), 1, &out);
        ck_assert_msg(strcmp(out.data, names[i][2]) == 0, "%s: %s", names[i][0], out.data);
    }
}
END_TEST

static bool is_loaded(const char *module)
{
    char maps[1 << 16];
    FILE *f = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(maps, 1, sizeof(maps), f);
    fclose(f);
    return memmem(maps, n, module, strlen(module)) != NULL;
}

START_TEST(loads_a_charset_once)
{
    const char *name;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    decode(NULL, "viscii", true, BYTES("a"), 1, &out);
    for (size_t i = 0; i < 40 && (name = charset_nth(i)); i++)
        decode(NULL, name, true, BYTES("a"), 1, &out);
    ck_assert(is_loaded("VISCII.so"));
}
END_TEST

START_TEST(holds_back_little)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(2 << 20), out = STRBUF_INIT(2 << 20);
    while (in.len < 1 << 20)
        strbuf_adds(&in, "  \t \t  ");
    strbuf_addc(&in, 'x');
    decode("quoted-printable", "utf-8", true, strbuf_bytes(&in), 1000, &out);
    ck_assert(bytes_eq(strbuf_bytes(&in), strbuf_bytes(&out)));
}
END_TEST

UNIT_MAIN("message_decode", decodes_whatever_the_cuts, keeps_nuls, knows_the_charsets_of_its_table,
          loads_a_charset_once, knows_charsets_by_the_names_that_mail_uses, holds_back_little)
