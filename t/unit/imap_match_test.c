/*
 * imap_match_test.c - wildcards of LIST.
 */
#include "access/imap_match.h"

#include "t/unit/unit.h"

#include <string.h>

static bool matches(const char *pattern, const char *name)
{
    struct imap_pattern *p = imap_pattern_new(bytes_of(pattern), '.');
    bool yes = imap_pattern_match(p, bytes_of(name));
    imap_pattern_free(p);
    return yes;
}

START_TEST(matches_literally)
{
    ck_assert(matches("a.b", "a.b"));
    ck_assert(!matches("a.b", "a.c"));
    ck_assert(!matches("a.b", "A.b"));
    ck_assert(!matches("a", "ab") && !matches("ab", "a"));
    ck_assert(matches("", "") && !matches("", "a"));
}
END_TEST

START_TEST(a_star_crosses_levels_and_a_percent_does_not)
{
    ck_assert(matches("*", "") && matches("*", "a.b.c"));
    ck_assert(matches("%", "") && matches("%", "abc") && !matches("%", "a.b"));
    ck_assert(matches("a.%", "a.b") && !matches("a.%", "a.b.c"));
    ck_assert(matches("%.c", "b.c") && !matches("%.c", "a.b.c") && matches("*.c", "a.b.c"));
    ck_assert(matches("a%", "a") && matches("a*z", "a.b.z") && !matches("a%z", "a.z"));
    ck_assert(matches("%.%", "a.b") && !matches("%.%", "a.b.c") && !matches("%.%", "a"));
}
END_TEST

START_TEST(wildcards_in_a_row_are_one)
{
    ck_assert(matches("%%", "abc") && !matches("%%", "a.b"));
    ck_assert(matches("%*%", "a.b") && matches("**", "a.b"));
}
END_TEST

START_TEST(inbox_has_no_case)
{
    struct imap_pattern *p = imap_pattern_new(BYTES("inb%x.sub"), '.');
    ck_assert(imap_pattern_match_inbox(p, BYTES("INBOX.sub"), 5));
    ck_assert(!imap_pattern_match_inbox(p, BYTES("INBOX.SUB"), 5));
    imap_pattern_free(p);
}
END_TEST

START_TEST(nasty_patterns_take_no_longer)
{
    char pattern[1001], name[2001];
    for (size_t i = 0; i < 1000; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[1000] = '\0';
    memset(name, 'a', 2000);
    name[2000] = '\0';
    ck_assert(matches(pattern, name));
    name[1999] = 'b';
    for (int i = 0; i < 100; i++)
        ck_assert(!matches(pattern, name));
}
END_TEST

START_TEST(refuses_a_pattern_that_is_too_long)
{
    char pattern[IMAP_PATTERN_MAX + 2];
    memset(pattern, 'a', sizeof(pattern));
    ck_assert_ptr_null(imap_pattern_new(bytes_from(pattern, IMAP_PATTERN_MAX + 1), '.'));
    struct imap_pattern *p = imap_pattern_new(bytes_from(pattern, IMAP_PATTERN_MAX), '.');
    ck_assert(imap_pattern_match(p, bytes_from(pattern, IMAP_PATTERN_MAX)));
    imap_pattern_free(p);
}
END_TEST

UNIT_MAIN("imap_match", matches_literally, a_star_crosses_levels_and_a_percent_does_not,
          wildcards_in_a_row_are_one, inbox_has_no_case, nasty_patterns_take_no_longer,
          refuses_a_pattern_that_is_too_long)
