/*
 * imap_search_test.c - reading SEARCH's keys.
 */
#include "access/imap_search.h"

#include "t/unit/unit.h"

#include <string.h>

static struct imap_parse p;

/* The tree as text: (and name !name (or a b)). */
static void show(const struct imap_search_node *node, char *out)
{
    const char *name = node->row->name[0] ? node->row->name : node->row == &imap_search_set ? "set" : "and";
    sprintf(out + strlen(out), "%s%s%s", node->negated ? "!" : "", node->children ? "(" : "", name);
    for (const struct imap_search_node *c = node->children; c; c = c->next) {
        strcat(out, " ");
        show(c, out);
    }
    if (node->children)
        strcat(out, ")");
}

static enum imap_search_result read_keys(const char *keys, char *out)
{
    struct imap_search_limits limits = {.star_seq = 9, .star_uid = 90};
    struct imap_search_node *root;
    enum imap_parse_event event;
    const char *why = NULL;
    char line[8192];
    snprintf(line, sizeof(line), "a SEARCH %s\r\n", keys);
    imap_parse_init(&p, &imap_parse_after_login);
    imap_parse_feed(&p, bytes_of(line), &event);
    ck_assert_int_eq(event, IMAP_PARSE_DONE);
    struct imap_args a = imap_args_of(&p, 2);
    enum imap_search_result r = imap_search_parse(&a, &limits, &root, &why);
    out[0] = '\0';
    if (r == IMAP_SEARCH_READ)
        show(root, out);
    else
        ck_assert_ptr_nonnull(why);
    imap_search_free(root);
    imap_parse_done(&p);
    return r;
}

static void reads(const char *keys, const char *expected)
{
    char out[4096];
    ck_assert_msg(read_keys(keys, out) == IMAP_SEARCH_READ, "not read: %s", keys);
    ck_assert_str_eq(out, expected);
}

START_TEST(reads_keys_and_their_arguments)
{
    reads("ALL", "(and ALL)");
    reads("FROM a SUBJECT \"b c\" HEADER X-Y z", "(and FROM SUBJECT HEADER)");
    reads("SINCE 1-Feb-1994 LARGER 10 UID 1:*", "(and UID SINCE LARGER)");
    reads("1:3,* KEYWORD k", "(and set KEYWORD)");
    reads("CHARSET utf-8 TEXT x", "(and TEXT)");
}
END_TEST

START_TEST(puts_what_is_cheap_first)
{
    reads("BODY x FROM y SEEN LARGER 5", "(and SEEN LARGER FROM BODY)");
    reads("OR BODY x SEEN FLAGGED", "(and FLAGGED (OR SEEN BODY))");
}
END_TEST

START_TEST(turns_keys_around)
{
    reads("NOT SEEN NOT NOT FLAGGED UNDELETED NOT UNDRAFT", "(and !SEEN FLAGGED !UNDELETED UNDRAFT)");
    reads("NOT (SEEN DELETED)", "(and !(and SEEN DELETED))");
    reads("NOT OR SEEN OLD", "(and !(OR SEEN !OLD))");
}
END_TEST

START_TEST(refuses_what_is_no_search)
{
    static const char *const bad[] = {
        "FOO",     "OR SEEN",       "NOT",           "()",       "(SEEN) OR",        "ON 1-Foo-2000",
        "SMALLER", "UID x",         "HEADER x",      "1;2",      "SUBJECT",          "SUBJECT (x)",
        "KEYWORD", "KEYWORD \"a\"", "CHARSET UTF-8", "\"SEEN\"", "LARGER 4294967296"};
    char out[4096];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(read_keys(bad[i], out) == IMAP_SEARCH_SYNTAX, "read: %s", bad[i]);
}
END_TEST

START_TEST(knows_character_sets)
{
    char out[4096];
    ck_assert_int_eq(read_keys("CHARSET X-NOBODY SUBJECT x", out), IMAP_SEARCH_CHARSET);
    ck_assert_int_eq(read_keys("CHARSET ISO-8859-1 SUBJECT x", out), IMAP_SEARCH_READ);
    ck_assert_int_eq(read_keys("SUBJECT {1+}\r\n\377", out), IMAP_SEARCH_CHARSET);
    ck_assert_int_eq(read_keys("CHARSET us-ascii SUBJECT x", out), IMAP_SEARCH_READ);
}
END_TEST

START_TEST(limits_how_deep_keys_are_nested)
{
    char keys[4096] = "", out[8192];
    for (int i = 0; i < IMAP_SEARCH_DEPTH_MAX + 1; i++)
        strcat(keys, "OR SEEN ");
    strcat(keys, "SEEN");
    ck_assert_int_eq(read_keys(keys, out), IMAP_SEARCH_SYNTAX);
    ck_assert_int_eq(read_keys(keys + 8 * 10, out), IMAP_SEARCH_READ);
}
END_TEST

START_TEST(limits_how_many_keys_there_are)
{
    char keys[4 * IMAP_SEARCH_KEYS_MAX + 10] = "", out[10 * IMAP_SEARCH_KEYS_MAX];
    for (int i = 0; i < IMAP_SEARCH_KEYS_MAX; i++)
        strcpy(keys + 4 * i, "ALL ");
    keys[4 * IMAP_SEARCH_KEYS_MAX - 1] = '\0';
    ck_assert_int_eq(read_keys(keys, out), IMAP_SEARCH_READ);
    strcat(keys, " ALL");
    ck_assert_int_eq(read_keys(keys, out), IMAP_SEARCH_SYNTAX);
}
END_TEST

UNIT_MAIN("imap_search", reads_keys_and_their_arguments, puts_what_is_cheap_first, turns_keys_around,
          refuses_what_is_no_search, knows_character_sets, limits_how_deep_keys_are_nested,
          limits_how_many_keys_there_are)
