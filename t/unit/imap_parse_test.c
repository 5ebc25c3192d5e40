/*
 * imap_parse_test.c - commands whole and broken, and that cuts between bytes make no difference.
 */
#include "access/imap_parse.h"

#include "t/unit/unit.h"

#include <string.h>

static struct imap_parse p;

static enum imap_parse_event feed(struct bytes in, size_t *used)
{
    enum imap_parse_event event = IMAP_PARSE_MORE;
    *used = 0;
    while (*used < in.n && (event == IMAP_PARSE_MORE || event == IMAP_PARSE_CONTINUE))
        *used += imap_parse_feed(&p, bytes_skip(in, *used), &event);
    return event;
}

static enum imap_parse_event parse(const char *text)
{
    size_t used;
    imap_parse_done(&p);
    imap_parse_init(&p, &imap_parse_after_login);
    enum imap_parse_event event = feed(bytes_of(text), &used);
    ck_assert_uint_eq(used, strlen(text));
    return event;
}

static bool token_is(unsigned i, const char *text)
{
    return i < p.ntokens && bytes_eq(imap_token_text(&p, i), bytes_of(text));
}

START_TEST(reads_tag_name_and_arguments)
{
    ck_assert_int_eq(parse("a1 SELECT \"In \\\"box\\\\\"\r\n"), IMAP_PARSE_DONE);
    ck_assert_uint_eq(p.ntokens, 3);
    ck_assert(bytes_eq(imap_parse_tag(&p), BYTES("a1")));
    ck_assert(bytes_eq(imap_parse_name(&p), BYTES("SELECT")));
    ck_assert(token_is(2, "In \"box\\"));
    imap_parse_done(&p);
}
END_TEST

START_TEST(nests_lists)
{
    ck_assert_int_eq(parse("a X (b (c d) ()) e\r\n"), IMAP_PARSE_DONE);
    struct imap_args a = imap_args_of(&p, 2), list, sub;
    ck_assert(imap_args_list(&a, &list));
    ck_assert(imap_args_word(&list, "B"));
    ck_assert(imap_args_list(&list, &sub));
    ck_assert(imap_args_word(&sub, "c") && imap_args_word(&sub, "d") && imap_args_end(&sub));
    ck_assert(imap_args_list(&list, &sub) && imap_args_end(&sub) && imap_args_end(&list));
    ck_assert(imap_args_word(&a, "e") && imap_args_end(&a));
    imap_parse_done(&p);
}
END_TEST

START_TEST(reads_sections_with_header_lists)
{
    ck_assert_int_eq(parse("a FETCH 1 BODY[HEADER.FIELDS (To)]<0.9>\r\n"), IMAP_PARSE_DONE);
    ck_assert(token_is(3, "BODY[HEADER.FIELDS"));
    ck_assert(token_is(5, "To"));
    ck_assert(token_is(6, "]<0.9>"));
    ck_assert(p.tokens[6].glued);
    imap_parse_done(&p);
}
END_TEST

START_TEST(reads_literals_of_both_kinds)
{
    size_t used;
    enum imap_parse_event event;
    imap_parse_init(&p, &imap_parse_after_login);
    struct bytes in = BYTES("a LOGIN {3}\r\nj\r\n {2+}\r\npw\r\n");
    used = imap_parse_feed(&p, in, &event);
    ck_assert_int_eq(event, IMAP_PARSE_CONTINUE);
    ck_assert_uint_eq(used, 13);
    used += imap_parse_feed(&p, bytes_skip(in, used), &event);
    ck_assert_int_eq(event, IMAP_PARSE_DONE);
    ck_assert_uint_eq(used, in.n);
    ck_assert(token_is(2, "j\r\n") && token_is(3, "pw"));
    imap_parse_done(&p);
}
END_TEST

START_TEST(refuses_broken_lines)
{
    static const char *const bad[] = {
        "\r\n",
        "a\r\n",
        "* NOOP\r\n",
        "+a NOOP\r\n",
        "a X \"open\r\n",
        "a X \"a\\b\"\r\n",
        "a X (b\r\n",
        "a X b)\r\n",
        "a X \"b\"c\r\n",
        "a X (b)(c)\r\n",
        "a X b\001\r\n",
        "a X b\303\244\r\n",
        "a X {}\r\n",
        "a X {5}x\r\n",
        "a X {5+}x\r\n",
        "a X {999999999}\r\n",
        "a X {3+}\r\nabc\"\r\n",
        "a \"X\"\r\n",
        "a X b\rc\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(parse(bad[i]) == IMAP_PARSE_BAD, "taken: %s", bad[i]);
        ck_assert_ptr_nonnull(p.error);
    }
    imap_parse_done(&p);
}
END_TEST

START_TEST(throws_away_the_octets_of_a_refused_literal)
{
    /* what looks like commands is data of literals that were not waited for */
    ck_assert_int_eq(parse("a X \"open {10+}\r\nb LOGOUT\r\n rest {4+}\r\nc X\n tail\r\n"), IMAP_PARSE_BAD);
    ck_assert(bytes_eq(imap_parse_tag(&p), BYTES("a")));
    ck_assert_int_eq(parse("a X ) {10+}\r\nb LOGOUT\r\n\r\n"), IMAP_PARSE_BAD);
    ck_assert_int_eq(parse("a X ~~{10+}\r\nb LOGOUT\r\n\r\n"), IMAP_PARSE_BAD);
    imap_parse_done(&p);
}
END_TEST

START_TEST(ends_the_session_when_too_much_would_have_to_be_thrown_away)
{
    ck_assert_int_eq(parse("a X {4294967295+}\r\n"), IMAP_PARSE_FATAL);
    ck_assert_int_eq(parse("a X ) {99999999999999999999999999+}\r\n"), IMAP_PARSE_FATAL);
    imap_parse_done(&p);
}
END_TEST

START_TEST(refuses_nul)
{
    size_t used;
    imap_parse_init(&p, &imap_parse_after_login);
    struct bytes quoted = BYTES("a X \"b\0c\"\r\n"), literal = BYTES("a X {3+}\r\nb\0c\r\n");
    ck_assert_int_eq(feed(quoted, &used), IMAP_PARSE_BAD);
    imap_parse_reset(&p);
    ck_assert_int_eq(feed(literal, &used), IMAP_PARSE_BAD);
    imap_parse_done(&p);
}
END_TEST

START_TEST(keeps_the_limits)
{
    struct imap_parse_limits limits = imap_parse_before_login;
    limits.line_max = 100;
    limits.tokens_max = 10;
    imap_parse_init(&p, &limits);
    size_t used;
    char line[300];
    memset(line, 'x', sizeof(line));
    memcpy(line, "a X ", 4);
    line[298] = '\r';
    line[299] = '\n';
    ck_assert_int_eq(feed(bytes_from(line, 300), &used), IMAP_PARSE_BAD);
    imap_parse_reset(&p);
    ck_assert_int_eq(feed(BYTES("a X ((((((((((\r\n"), &used), IMAP_PARSE_BAD);
    imap_parse_reset(&p);
    ck_assert_int_eq(feed(BYTES("a X {5000+}\r\n"), &used), IMAP_PARSE_MORE);
    imap_parse_done(&p);
}
END_TEST

START_TEST(hands_out_the_message_of_append)
{
    size_t used;
    enum imap_parse_event event;
    imap_parse_init(&p, &imap_parse_after_login);
    struct bytes in = BYTES("a APPEND {5+}\r\nINBOX (\\Seen) {3}\r\nabc\r\n");
    used = imap_parse_feed(&p, in, &event);
    ck_assert_int_eq(event, IMAP_PARSE_STREAM);
    ck_assert_uint_eq(p.stream_size, 3);
    ck_assert(p.stream_sync);
    used += 3;
    imap_parse_streamed(&p);
    used += imap_parse_feed(&p, bytes_skip(in, used), &event);
    ck_assert_int_eq(event, IMAP_PARSE_DONE);
    ck_assert_uint_eq(used, in.n);
    imap_parse_done(&p);
}
END_TEST

/* Events of a command, streamed literals passed over: one letter each. */
static const char *events(struct bytes in)
{
    static char seen[32];
    size_t used = 0, n = 0;
    imap_parse_init(&p, &imap_parse_after_login);
    while (used < in.n && n < sizeof(seen) - 1) {
        enum imap_parse_event event;
        used += imap_parse_feed(&p, bytes_skip(in, used), &event);
        seen[n++] = "mcsdbf"[event];
        if (event == IMAP_PARSE_STREAM) {
            used += p.stream_size;
            imap_parse_streamed(&p);
        }
    }
    seen[n] = '\0';
    imap_parse_done(&p);
    return seen;
}

START_TEST(tells_messages_from_other_literals)
{
    ck_assert_str_eq(events(BYTES("a APPEND {1+}\r\nb {1}\r\nx {2+}\r\nyz\r\n")), "ssd");
    ck_assert_str_eq(events(BYTES("a APPEND b ~{1}\r\n\0\r\n")), "sd");
    ck_assert_str_eq(events(BYTES("a APPEND b UTF8 (~{1}\r\nx)\r\n")), "sd");
    ck_assert_str_eq(events(BYTES("a APPEND b CATENATE (URL {1+}\r\nu TEXT {1}\r\nx UTF8 (~{1}\r\nx))\r\n")),
                     "ssd");
    ck_assert_str_eq(events(BYTES("a REPLACE 1 {1+}\r\nb {1}\r\nx\r\n")), "sd");
    ck_assert_str_eq(events(BYTES("a UID REPLACE 1 {1+}\r\nb {1}\r\nx\r\n")), "sd");
    ck_assert_str_eq(events(BYTES("a SEARCH TEXT {1}\r\nx\r\n")), "cd");
    ck_assert_str_eq(events(BYTES("a APPEND b (TEXT {1+}\r\nx)\r\n")), "d");
}
END_TEST

START_TEST(reads_literal8)
{
    size_t used;
    struct imap_args a;
    struct bytes text;
    imap_parse_init(&p, &imap_parse_after_login);
    ck_assert_int_eq(feed(BYTES("a X ~{3+}\r\na\0b ~b ~\r\n"), &used), IMAP_PARSE_DONE);
    a = imap_args_of(&p, 2);
    ck_assert(!imap_args_string(&a, &text) && !imap_args_astring(&a, &text));
    ck_assert(imap_args_literal8(&a, &text) && bytes_eq(text, BYTES("a\0b")));
    ck_assert(token_is(3, "~b") && token_is(4, "~"));
    imap_parse_done(&p);
}
END_TEST

START_TEST(takes_only_utf8_in_quoted_strings_after_login)
{
    size_t used;
    ck_assert_int_eq(parse("a X \"b\303\244\"\r\n"), IMAP_PARSE_DONE);
    ck_assert_int_eq(parse("a X \"b\344\"\r\n"), IMAP_PARSE_BAD);
    imap_parse_done(&p);
    imap_parse_init(&p, &imap_parse_before_login);
    ck_assert_int_eq(feed(BYTES("a X \"b\344\"\r\n"), &used), IMAP_PARSE_DONE);
    imap_parse_done(&p);
}
END_TEST

START_TEST(takes_tags_up_to_their_limit)
{
    char line[IMAP_PARSE_TAG_MAX + 6];
    memset(line, 'a', sizeof(line));
    memcpy(line + IMAP_PARSE_TAG_MAX, " X\r\n", 5);
    ck_assert_int_eq(parse(line), IMAP_PARSE_DONE);
    imap_parse_done(&p);
    memcpy(line + IMAP_PARSE_TAG_MAX, "a X\r\n", 6);
    imap_parse_init(&p, &imap_parse_after_login);
    size_t used;
    ck_assert_int_eq(feed(bytes_from(line, sizeof(line)), &used), IMAP_PARSE_BAD);
    ck_assert(bytes_eq(imap_parse_tag(&p), BYTES("*")));
    imap_parse_done(&p);
}
END_TEST

START_TEST(cuts_make_no_difference)
{
    struct bytes in = BYTES("a X (b {3+}\r\na\nb \"c\") d\r\n");
    for (size_t cut = 1; cut < in.n; cut++) {
        imap_parse_init(&p, &imap_parse_after_login);
        enum imap_parse_event event;
        size_t used = imap_parse_feed(&p, bytes_from(in.p, cut), &event);
        ck_assert_uint_eq(used, cut);
        imap_parse_feed(&p, bytes_skip(in, cut), &event);
        ck_assert_int_eq(event, IMAP_PARSE_DONE);
        ck_assert_uint_eq(p.ntokens, 7);
        ck_assert(token_is(4, "a\nb") && token_is(5, "c") && token_is(6, "d"));
        imap_parse_done(&p);
    }
}
END_TEST

UNIT_MAIN("imap_parse", reads_tag_name_and_arguments, nests_lists, reads_sections_with_header_lists,
          reads_literals_of_both_kinds, refuses_broken_lines, throws_away_the_octets_of_a_refused_literal,
          ends_the_session_when_too_much_would_have_to_be_thrown_away, refuses_nul, keeps_the_limits,
          hands_out_the_message_of_append, tells_messages_from_other_literals, reads_literal8,
          takes_only_utf8_in_quoted_strings_after_login, takes_tags_up_to_their_limit,
          cuts_make_no_difference)
