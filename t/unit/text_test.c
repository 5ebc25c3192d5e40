#include "base/text.h"

#include "t/unit/unit.h"

START_TEST(encodes_the_vectors_of_rfc_4648)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        AUTO_STRBUF struct strbuf coded = STRBUF_INIT(100), plain = STRBUF_INIT(100);
        ck_assert(base64_encode(&coded, bytes_of(pairs[i][0])));
        ck_assert_str_eq(coded.data, pairs[i][1]);
        ck_assert(base64_decode(&plain, strbuf_bytes(&coded)));
        ck_assert_str_eq(plain.data, pairs[i][0]);
    }
}
END_TEST

START_TEST(refuses_base64_that_is_not_strict)
{
    const char *bad[] = {"Zg",   "Zg=",    "Zg===",    "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==",
                         "Zm 9", "Zm9v\n", "Zm9v====", "Z-_=", "Zm=v", "=Zg=", "Zm9vZ"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        strbuf_adds(&out, "kept");
        ck_assert_msg(!base64_decode(&out, bytes_of(bad[i])), "%s", bad[i]);
        ck_assert_str_eq(out.data, "kept");
    }
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    ck_assert(!base64_decode(&out, BYTES("Zm\0v")));
}
END_TEST

START_TEST(stops_at_the_cap_when_decoding)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(4);
    ck_assert(!base64_decode(&out, BYTES("Zm9vYmFy")));
    ck_assert(out.overflow && out.len == 0);
    ck_assert(!base64_encode(&out, BYTES("foob")));
}
END_TEST

START_TEST(codes_hex_both_ways)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100), back = STRBUF_INIT(100);
    ck_assert(hex_encode(&out, "\x00\xab\x7f", 3));
    ck_assert_str_eq(out.data, "00ab7f");
    ck_assert(hex_decode(&back, BYTES("00AB7f")));
    ck_assert(bytes_eq(strbuf_bytes(&back), BYTES("\x00\xab\x7f")));
    ck_assert(!hex_decode(&back, BYTES("0")));
    ck_assert(!hex_decode(&back, BYTES("0g")));
}
END_TEST

START_TEST(knows_well_formed_utf8)
{
    const char *good[] = {
        "", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\xac", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    const char *bad[] = {"\x80",
                         "\xc3",
                         "\xc0\xaf",
                         "\xc1\xbf",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80",
                         "\xe2\x82",
                         "\xff",
                         "a\xe2(\xa1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(utf8_valid(bytes_of(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!utf8_valid(bytes_of(bad[i])), "bad %zu", i);
}
END_TEST

START_TEST(reads_back_every_code_point_it_writes)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    for (uint32_t cp = 0; cp <= 0x110000; cp += cp < 0x1000 ? 1 : 0x3f) {
        size_t pos = 0;
        bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
        strbuf_clear(&out);
        ck_assert_int_eq(utf8_add(&out, cp), !surrogate && cp <= 0x10ffff);
        if (out.len) {
            ck_assert_int_eq(utf8_next(strbuf_bytes(&out), &pos), (int32_t)cp);
            ck_assert_uint_eq(pos, out.len);
        }
    }
}
END_TEST

START_TEST(steps_over_one_malformed_byte)
{
    struct bytes b = BYTES("\xe2\x82z");
    size_t pos = 0;
    ck_assert_int_eq(utf8_next(b, &pos), -1);
    ck_assert_uint_eq(pos, 1);
    ck_assert_int_eq(utf8_next(b, &pos), -1);
    ck_assert_int_eq(utf8_next(b, &pos), 'z');
}
END_TEST

START_TEST(tells_printable_from_the_rest)
{
    ck_assert(text_is_printable(BYTES(" ~")));
    ck_assert(!text_is_printable(BYTES("\x7f")));
    ck_assert(!text_is_printable(BYTES("\t")));
    ck_assert(!text_is_printable(BYTES("\xc3")));
    ck_assert(text_is_ascii(BYTES("\0\x7f")));
    ck_assert(!text_is_ascii(BYTES("\x80")));
}
END_TEST

UNIT_MAIN("text", encodes_the_vectors_of_rfc_4648, refuses_base64_that_is_not_strict,
          stops_at_the_cap_when_decoding, codes_hex_both_ways, knows_well_formed_utf8,
          reads_back_every_code_point_it_writes, steps_over_one_malformed_byte, tells_printable_from_the_rest)
