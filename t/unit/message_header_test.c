#include "maildir/message.h"

#include "t/unit/unit.h"

START_TEST(walks_fields_up_to_the_empty_line)
{
    struct bytes rest = BYTES("From x@y Mon Jan  1 10:00:00 2024\nA: 1\r\n 2\r\nbroken\nB\t : \n\nC: no\n");
    struct header_field f;
    ck_assert(header_next(&rest, &f) && f.name.n == 0);
    ck_assert(header_next(&rest, &f) && bytes_eq(f.name, BYTES("A")));
    ck_assert(bytes_eq(f.value, BYTES(" 1\r\n 2")) && bytes_eq(f.whole, BYTES("A: 1\r\n 2\r\n")));
    ck_assert(header_next(&rest, &f) && f.name.n == 0 && bytes_eq(f.whole, BYTES("broken\n")));
    ck_assert(header_next(&rest, &f) && bytes_eq(f.name, BYTES("B")) && bytes_eq(f.value, BYTES(" ")));
    ck_assert(!header_next(&rest, &f) && bytes_eq(rest, BYTES("\nC: no\n")));
}
END_TEST

START_TEST(takes_a_last_line_without_line_end)
{
    struct bytes rest = BYTES("A: 1");
    struct header_field f;
    ck_assert(header_next(&rest, &f) && bytes_eq(f.value, BYTES(" 1")) && rest.n == 0);
    ck_assert(!header_next(&rest, &f));
}
END_TEST

START_TEST(finds_the_first_field_in_any_case)
{
    struct header_field f;
    struct bytes block = BYTES("Subject-X: 0\nSUBJECT: 1\nsubject: 2\n\nTo: x\n");
    ck_assert(header_find(block, "Subject", &f) && bytes_eq(f.value, BYTES(" 1")));
    ck_assert(!header_find(block, "To", &f));
}
END_TEST

static const char *const unfolding[][2] = {
    {" a\r\n b", "a b"}, {"a\n\tb", "a\tb"},  {"a\r\nb", "a b"}, {"\r\n a\r\n ", "a"}, {"  ", ""},
    {"a\x01z", "a z"},   {"a\rb\x7f", "a b"}, {"", ""},          {"\n \n x", "x"},
};

START_TEST(unfolds_and_trims)
{
    for (size_t i = 0; i < sizeof(unfolding) / sizeof(unfolding[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        header_unfold(&out, bytes_of(unfolding[i][0]));
        ck_assert_str_eq(out.data, unfolding[i][1]);
    }
}
END_TEST

START_TEST(appends_what_it_unfolds_behind_what_is_there)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    strbuf_adds(&out, "x ");
    header_unfold(&out, BYTES("  a\0b "));
    ck_assert_str_eq(out.data, "x a b");
}
END_TEST

/* Mostly the examples of RFC 2047, section 8. */
static const char *const words[][2] = {
    {"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
    {"=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\xc3\xa9 Pirard"},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
     "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
    {"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
    {"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
    {"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
    {"=?utf-8?q?=C3?= =?UTF-8*de?Q?=A9_?=x", "\xc3\xa9 x"},
    {"=?utf-8?B?w6k?=", "\xc3\xa9"},
    {"=?x-unknown?q?a=ff?=", "a\xef\xbf\xbd"},
    {"=?utf-8?x?a?= =?utf-8?q?", "=?utf-8?x?a?= =?utf-8?q?"},
    {"caf\xc3\xa9 \xff", "caf\xc3\xa9 \xef\xbf\xbd"},
    {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"=?utf-8?q?with blanks?=", "with blanks"},
    {"=?", "=?"},
    {"=?\x3f=?=", "=?\x3f=?="},
};

START_TEST(decodes_encoded_words)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
        header_decode(&out, bytes_of(words[i][0]));
        ck_assert_str_eq(out.data, words[i][1]);
    }
}
END_TEST

START_TEST(folds_case_beyond_ascii)
{
    static const char *const pairs[][2] = {
        {"ABC", "abc"},
        {"STRA\xc3\x9f"
         "E",
         "strasse"},
        {"\xc3\x89", "\xc3\xa9"},
        {"\xce\xa3", "\xcf\x83"},
        {"A\xff"
         "B",
         "a\xef\xbf\xbd"
         "b"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        text_casefold(&out, bytes_of(pairs[i][0]));
        ck_assert_str_eq(out.data, pairs[i][1]);
    }
}
END_TEST

START_TEST(is_linear_in_beginnings_of_encoded_words)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(4 << 20), out = STRBUF_INIT(16 << 20);
    while (in.len < 2 << 20)
        strbuf_adds(&in, "=?a?q?");
    header_decode(&out, strbuf_bytes(&in));
    ck_assert(!out.overflow);
}
END_TEST

UNIT_MAIN("message_header", walks_fields_up_to_the_empty_line, takes_a_last_line_without_line_end,
          finds_the_first_field_in_any_case, unfolds_and_trims, appends_what_it_unfolds_behind_what_is_there,
          decodes_encoded_words, folds_case_beyond_ascii, is_linear_in_beginnings_of_encoded_words)
