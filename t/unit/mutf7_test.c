#include "maildir/mutf7.h"

#include "t/unit/unit.h"

START_TEST(converts_both_ways)
{
    static const char *const pairs[][2] = {
        {"INBOX", "INBOX"},
        {"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
         "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
        {"a&-b&-", "a&b&"},
        {"Entw&APw-rfe", "Entw\xc3\xbcrfe"},
        {"&2D3eAA-", "\xf0\x9f\x98\x80"},
        {"&AAk-x", "\tx"},
        {"&APw-&-", "\xc3\xbc&"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        AUTO_STRBUF struct strbuf there = STRBUF_INIT(100), back = STRBUF_INIT(100);
        ck_assert(mutf7_decode(&there, bytes_of(pairs[i][0])));
        ck_assert_str_eq(there.data, pairs[i][1]);
        ck_assert(mutf7_encode(&back, bytes_of(pairs[i][1])));
        ck_assert_str_eq(back.data, pairs[i][0]);
    }
}
END_TEST

START_TEST(refuses_every_other_form)
{
    static const char *const bad[] = {
        "\xc3\xbc",   /* 8-bit */
        "a\tb",       /* control character */
        "&",          /* not ended */
        "&APw",       /* not ended */
        "&AP=-",      /* not of the alphabet */
        "&AP/-",      /* a slash is a comma here */
        "&A-",        /* no whole unit */
        "&APx-",      /* bits left over */
        "&APwA-",     /* digits left over */
        "&AGE-",      /* printable ASCII */
        "&ACY-",      /* ampersand */
        "&2D0-",      /* half of a pair */
        "&3gA-",      /* the other half */
        "&2D3YPQ-",   /* two first halves */
        "&APw-&APw-", /* superfluous shift */
        "&AAA-",      /* NUL */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        ck_assert_msg(!mutf7_decode(&out, bytes_of(bad[i])), "taken: %s", bad[i]);
    }
}
END_TEST

START_TEST(encodes_nothing_but_utf8)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    ck_assert(!mutf7_encode(&out, BYTES("a\xff")));
    ck_assert(!mutf7_encode(&out, BYTES("\xed\xa0\x80")));
    ck_assert(!mutf7_encode(&out, BYTES("a\0b")));
}
END_TEST

UNIT_MAIN("mutf7", converts_both_ways, refuses_every_other_form, encodes_nothing_but_utf8)
