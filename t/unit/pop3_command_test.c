/*
 * pop3_command_test.c - POP3 commands, dot-stuffing, and where TOP ends.
 */
#include "access/pop3_command.h"

#include "t/unit/unit.h"

#include <string.h>

START_TEST(reads_a_name_and_its_numbers)
{
    struct pop3_command c;
    ck_assert(pop3_parse(BYTES("TOP 12 0"), &c));
    ck_assert(bytes_eq(c.name, BYTES("TOP")));
    ck_assert_uint_eq(c.nargs, 2);
    ck_assert_uint_eq(c.args[0], 12);
    ck_assert_uint_eq(c.args[1], 0);
    ck_assert(pop3_parse(BYTES("stat"), &c));
    ck_assert_uint_eq(c.nargs, 0);
}
END_TEST

START_TEST(forgives_blanks_around_arguments)
{
    struct pop3_command c;
    ck_assert(pop3_parse(BYTES("LIST  3 "), &c));
    ck_assert_uint_eq(c.nargs, 1);
    ck_assert_uint_eq(c.args[0], 3);
    ck_assert(pop3_parse(BYTES(""), &c));
    ck_assert_uint_eq(c.name.n, 0);
}
END_TEST

START_TEST(refuses_what_is_no_number)
{
    struct pop3_command c;
    ck_assert(!pop3_parse(BYTES("RETR one"), &c));
    ck_assert(!pop3_parse(BYTES("RETR -1"), &c));
    ck_assert(!pop3_parse(BYTES("RETR 4294967296"), &c));
    ck_assert(!pop3_parse(BYTES("TOP 1 2 3"), &c));
    ck_assert(!pop3_parse(BYTES("RETR 1\0"), &c));
}
END_TEST

/* The text stuffed in pieces of n octets. */
static bool stuffs(const char *text, size_t n, const char *expected)
{
    struct strbuf out = STRBUF_INIT(10000);
    struct pop3_stuff s = {0};
    for (struct bytes rest = bytes_of(text); rest.n > 0; rest = bytes_skip(rest, n))
        pop3_stuff(&s, bytes_from(rest.p, rest.n < n ? rest.n : n), &out);
    pop3_stuff_end(&s, &out);
    bool same = strcmp(out.data, expected) == 0;
    strbuf_done(&out);
    return same;
}

START_TEST(doubles_dots_at_line_beginnings_only)
{
    for (size_t n = 1; n < 20; n++) {
        ck_assert(stuffs(".a\r\nb.\r\n..\r\n.\r\n", n, "..a\r\nb.\r\n...\r\n..\r\n.\r\n"));
        ck_assert(stuffs("a\r.b\r\n", n, "a\r.b\r\n.\r\n"));
    }
}
END_TEST

START_TEST(completes_a_last_line_without_end)
{
    for (size_t n = 1; n < 8; n++) {
        ck_assert(stuffs("a\r\nb", n, "a\r\nb\r\n.\r\n"));
        ck_assert(stuffs("", n, ".\r\n"));
    }
}
END_TEST

/* Octets of the text that TOP shows, fed in pieces of n. */
static size_t tops(const char *text, uint32_t lines, size_t n)
{
    struct pop3_top t = {.lines_left = lines};
    size_t used = 0;
    for (struct bytes rest = bytes_of(text); rest.n > 0 && !t.done; rest = bytes_skip(rest, n))
        used += pop3_top(&t, bytes_from(rest.p, rest.n < n ? rest.n : n));
    return used;
}

START_TEST(top_ends_after_that_many_lines_of_the_body)
{
    static const char text[] = "A: b\r\n c\r\n\r\n1\r\n2\r\n\r\n4";
    for (size_t n = 1; n < 30; n++) {
        ck_assert_uint_eq(tops(text, 0, n), 12);
        ck_assert_uint_eq(tops(text, 1, n), 15);
        ck_assert_uint_eq(tops(text, 3, n), 20);
        ck_assert_uint_eq(tops(text, 4, n), 21);
        ck_assert_uint_eq(tops(text, UINT32_MAX, n), 21);
    }
}
END_TEST

START_TEST(top_of_a_message_without_body_is_the_whole)
{
    for (size_t n = 1; n < 10; n++) {
        ck_assert_uint_eq(tops("A: b\r\n", 5, n), 6);
        ck_assert_uint_eq(tops("A: b", 5, n), 4);
        ck_assert_uint_eq(tops("\r\nbody\r\n", 0, n), 2);
        ck_assert_uint_eq(tops("A: b\r\nC\r\r\n\r\nx", 0, n), 12);
    }
}
END_TEST

UNIT_MAIN("pop3_command", reads_a_name_and_its_numbers, forgives_blanks_around_arguments,
          refuses_what_is_no_number, doubles_dots_at_line_beginnings_only, completes_a_last_line_without_end,
          top_ends_after_that_many_lines_of_the_body, top_of_a_message_without_body_is_the_whole)
