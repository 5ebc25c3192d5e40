/* smtp_dots_test.c - the end of a message, and what is none. */
#include "relay/smtp_dots.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

static struct strbuf out = STRBUF_INIT(65536);
static struct smtp_dots d;

/* Feed in two pieces cut at `cut`; returns how many bytes were taken. */
static size_t feed(const char *text, size_t cut)
{
    struct bytes all = bytes_of(text);
    smtp_dots_init(&d);
    strbuf_clear(&out);
    size_t used = smtp_dots_feed(&d, bytes_from(all.p, cut), &out);
    if (used == cut && !d.ended)
        used += smtp_dots_feed(&d, bytes_skip(all, cut), &out);
    return used;
}

START_TEST(takes_dots_away_and_finds_the_end_however_it_is_cut)
{
    static const char text[] = "..one\r\n.two\r\n\r\na.b\r\n..\r\n.\r\nQUIT\r\n";
    for (size_t cut = 0; cut < sizeof text - 1; cut++) {
        size_t used = feed(text, cut);
        ck_assert(d.ended && !d.bad);
        ck_assert_uint_eq(used, sizeof text - 1 - 6);
        ck_assert_str_eq(out.data, ".one\ntwo\n\na.b\n.\n");
    }
}
END_TEST

START_TEST(takes_an_empty_message)
{
    ck_assert_uint_eq(feed(".\r\n", 0), 3);
    ck_assert(d.ended && !d.bad && out.len == 0);
}
END_TEST

START_TEST(never_takes_another_line_end_for_the_end_of_a_good_message)
{
    static const char *const ends[] = {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r",
                                       "\n.\r", "\r.\n",   "\r\n.\r", "\r.\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char text[64];
        snprintf(text, sizeof text, "body%sMAIL FROM:<x>\r\n.\r\n", ends[i]);
        for (size_t cut = 0; cut < strlen(text); cut++) {
            feed(text, cut);
            ck_assert_msg(d.bad, "end %zu cut %zu", i, cut);
        }
    }
}
END_TEST

START_TEST(ends_a_bad_message_where_any_server_could)
{
    static const char *const ends[] = {"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\n.\r"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char text[64];
        snprintf(text, sizeof text, "bare\nbody%s", ends[i]);
        feed(text, 3);
        ck_assert_msg(d.bad && d.ended, "end %zu", i);
    }
}
END_TEST

START_TEST(reads_a_bad_message_on_to_its_end)
{
    static const char text[] = "bare\nlf\r\nmore\r\n.\r\nQUIT\r\n";
    ck_assert_uint_eq(feed(text, 5), sizeof text - 1 - 7); /* up to the CR behind the dot */
    ck_assert(d.bad && d.ended);
}
END_TEST

UNIT_MAIN("smtp_dots", takes_dots_away_and_finds_the_end_however_it_is_cut, takes_an_empty_message,
          never_takes_another_line_end_for_the_end_of_a_good_message,
          ends_a_bad_message_where_any_server_could, reads_a_bad_message_on_to_its_end)
