/*
 * imap_seqset_test.c - sets of message numbers.
 */
#include "access/imap_seqset.h"

#include "t/unit/unit.h"

#include <string.h>

static bool is(const char *text, uint32_t star, const char *expected)
{
    struct imap_seqset set;
    char out[200] = "";
    if (!imap_seqset_parse(&set, bytes_of(text), star))
        return strcmp(expected, "bad") == 0;
    for (size_t i = 0; i < set.n; i++)
        snprintf(out + strlen(out), sizeof(out) - strlen(out), "%u-%u ", set.ranges[i].lo, set.ranges[i].hi);
    imap_seqset_done(&set);
    return strcmp(out, expected) == 0;
}

START_TEST(reads_numbers_and_ranges)
{
    ck_assert(is("1", 9, "1-1 "));
    ck_assert(is("5:3", 9, "3-5 "));
    ck_assert(is("*", 9, "9-9 "));
    ck_assert(is("12:*", 9, "9-12 "));
    ck_assert(is("*:*", 9, "9-9 "));
    ck_assert(is("4294967295", 9, "4294967295-4294967295 "));
}
END_TEST

START_TEST(sorts_and_merges)
{
    ck_assert(is("7,1:2,3,9:5", 9, "1-3 5-9 "));
    ck_assert(is("1:4294967295,5", 9, "1-4294967295 "));
}
END_TEST

START_TEST(a_star_in_an_empty_mailbox_is_nothing)
{
    ck_assert(is("1:*", 0, ""));
    ck_assert(is("*", 0, ""));
}
END_TEST

START_TEST(refuses_what_is_no_set)
{
    static const char *const bad[] = {"",    "0",     "1,",  ",1", "1:", ":1",         "a",
                                      "1;2", "1:2:3", "01x", "-1", "**", "4294967296", "1 2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(is(bad[i], 9, "bad"), "taken: %s", bad[i]);
}
END_TEST

START_TEST(finds_numbers)
{
    struct imap_seqset set;
    ck_assert(imap_seqset_parse(&set, BYTES("2:3,7"), 9));
    ck_assert(!imap_seqset_has(&set, 1) && imap_seqset_has(&set, 2) && imap_seqset_has(&set, 3));
    ck_assert(!imap_seqset_has(&set, 4) && imap_seqset_has(&set, 7) && !imap_seqset_has(&set, 8));
    ck_assert_uint_eq(imap_seqset_max(&set), 7);
    imap_seqset_done(&set);
}
END_TEST

START_TEST(writes_runs_as_ranges)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    imap_seqset_write(&out, (uint32_t[]){1, 2, 3, 7, 9, 10}, 6);
    ck_assert_str_eq(out.data, "1:3,7,9:10");
}
END_TEST

UNIT_MAIN("imap_seqset", reads_numbers_and_ranges, sorts_and_merges, a_star_in_an_empty_mailbox_is_nothing,
          refuses_what_is_no_set, finds_numbers, writes_runs_as_ranges)
