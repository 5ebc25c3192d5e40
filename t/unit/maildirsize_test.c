/* maildirsize_test.c - the text of maildirsize: sums, limits, and what has to be counted anew. */
#include "maildir/maildirsize.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

static bool parse(struct maildirsize *m, const char *text)
{
    return maildirsize_parse(m, bytes_of(text));
}

START_TEST(sums_lines_of_either_server)
{
    static const char *const texts[] = {"1000S,20C\n500 5\n-100 -1\n",
                                        "20C,1000S\n         500    5\n        -100   -1\n",
                                        "1000S, 20C\n\n500\t5 \n-100 -1\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct maildirsize m;
        ck_assert_msg(parse(&m, texts[i]), "%s", texts[i]);
        ck_assert(m.limit_octets == 1000 && m.limit_messages == 20);
        ck_assert(m.octets == 400 && m.messages == 4);
        ck_assert_uint_eq(m.lines, 2);
    }
}
END_TEST

START_TEST(a_limit_may_be_left_out)
{
    struct maildirsize m;
    ck_assert(parse(&m, "7C\n"));
    ck_assert(m.limit_octets == 0 && m.limit_messages == 7 && m.octets == 0 && m.lines == 0);
    ck_assert(parse(&m, "\n1 1\n"));
    ck_assert(m.limit_octets == 0 && m.limit_messages == 0);
}
END_TEST

START_TEST(what_cannot_be_right_is_refused)
{
    static const char *const texts[] = {"",
                                        "rubbish\n",
                                        "10S",
                                        "10S\n5 5",
                                        "10S\n5\n",
                                        "10S\n5 5 5\n",
                                        "10S\n5x 5\n",
                                        "10S\n5 x\n",
                                        "10S\n-1 0\n",
                                        "10S\n1 -1\n",
                                        "-10S\n",
                                        "10SC\n",
                                        "S\n",
                                        "10S\n9223372036854775808 1\n",
                                        "10S\n9223372036854775807 1\n1 1\n"};
    struct maildirsize m;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_msg(!parse(&m, texts[i]), "%s", texts[i]);
    ck_assert(!maildirsize_parse(&m, BYTES("10S\n5 5\0\n")));
}
END_TEST

START_TEST(a_long_file_is_counted_anew)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(8192);
    struct maildirsize m;
    strbuf_adds(&text, "10S\n");
    while (text.len + 4 < MAILDIRSIZE_MAX_BYTES)
        strbuf_adds(&text, "1 1\n");
    ck_assert(maildirsize_parse(&m, strbuf_bytes(&text)));
    strbuf_adds(&text, "1 1\n");
    ck_assert(!maildirsize_parse(&m, strbuf_bytes(&text)));
}
END_TEST

START_TEST(what_is_written_reads_back)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(8192);
    struct maildirsize m = {.limit_octets = INT64_MAX, .octets = INT64_MAX, .messages = 3}, again;
    maildirsize_format(&text, &m);
    ck_assert_str_eq(text.data, "9223372036854775807S,0C\n9223372036854775807 3\n");
    ck_assert(maildirsize_parse(&again, strbuf_bytes(&text)));
    ck_assert(again.octets == m.octets && again.messages == 3 && again.limit_octets == m.limit_octets);
}
END_TEST

UNIT_MAIN("maildirsize", sums_lines_of_either_server, a_limit_may_be_left_out,
          what_cannot_be_right_is_refused, a_long_file_is_counted_anew, what_is_written_reads_back)
