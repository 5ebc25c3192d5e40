#include "base/bytes.h"

#include "t/unit/unit.h"

START_TEST(compares_bytes_with_nuls)
{
    ck_assert(bytes_eq(BYTES("a\0b"), BYTES("a\0b")));
    ck_assert(!bytes_eq(BYTES("a\0b"), BYTES("a\0c")));
    ck_assert(!bytes_eq(BYTES("a"), BYTES("a\0")));
    ck_assert(bytes_eq_secret(BYTES("secret"), BYTES("secret")));
    ck_assert(!bytes_eq_secret(BYTES("secret"), BYTES("secreT")));
    ck_assert(!bytes_eq_secret(BYTES("secret"), BYTES("secre")));
}
END_TEST

START_TEST(ignores_case_of_ascii_letters_only)
{
    ck_assert(bytes_eq_nocase(BYTES("MAIL from"), BYTES("mail FROM")));
    ck_assert(!bytes_eq_nocase(BYTES("\xc4"), BYTES("\xe4")));
    ck_assert(!bytes_eq_nocase(BYTES("["), BYTES("{")));
    ck_assert(bytes_starts_nocase(BYTES("Content-Type: x"), BYTES("content-type:")));
    ck_assert(!bytes_starts_nocase(BYTES("co"), BYTES("content")));
}
END_TEST

START_TEST(splits_and_says_when_it_is_over)
{
    struct bytes rest = BYTES("a::b");
    ck_assert(bytes_eq(bytes_split(&rest, ':'), BYTES("a")));
    ck_assert(bytes_eq(bytes_split(&rest, ':'), BYTES("")));
    ck_assert_ptr_nonnull(rest.p);
    ck_assert(bytes_eq(bytes_split(&rest, ':'), BYTES("b")));
    ck_assert_ptr_null(rest.p);
}
END_TEST

START_TEST(keeps_an_empty_last_piece)
{
    struct bytes rest = BYTES("a:");
    bytes_split(&rest, ':');
    ck_assert_ptr_nonnull(rest.p);
    ck_assert_uint_eq(bytes_split(&rest, ':').n, 0);
    ck_assert_ptr_null(rest.p);
}
END_TEST

START_TEST(trims_blanks_at_both_ends)
{
    ck_assert(bytes_eq(bytes_trim(BYTES(" \t a b\t ")), BYTES("a b")));
    ck_assert_uint_eq(bytes_trim(BYTES(" \t ")).n, 0);
    ck_assert_uint_eq(bytes_skip(BYTES("abc"), 5).n, 0);
}
END_TEST

START_TEST(copies_no_bytes_with_a_nul)
{
    ck_assert_ptr_null(bytes_dup(BYTES("a\0b")));
    char *copy = bytes_dup(BYTES("ab"));
    ck_assert_str_eq(copy, "ab");
    free(copy);
}
END_TEST

START_TEST(reads_numbers_of_digits_only)
{
    uint64_t v;
    ck_assert(bytes_to_u64(BYTES("18446744073709551615"), UINT64_MAX, &v) && v == UINT64_MAX);
    ck_assert(bytes_to_u64(BYTES("007"), 7, &v) && v == 7);
    const char *bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!bytes_to_u64(bytes_of(bad[i]), UINT64_MAX, &v), "%s", bad[i]);
    ck_assert(!bytes_to_u64(BYTES("8"), 7, &v));
}
END_TEST

UNIT_MAIN("bytes", compares_bytes_with_nuls, ignores_case_of_ascii_letters_only,
          splits_and_says_when_it_is_over, keeps_an_empty_last_piece, trims_blanks_at_both_ends,
          copies_no_bytes_with_a_nul, reads_numbers_of_digits_only)
