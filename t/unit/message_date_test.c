#include "maildir/message.h"

#include "t/unit/unit.h"

/* Seconds computed with date(1). */
static const struct {
    const char *text;
    time_t when;
    int zone;
} good[] = {
    {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360},
    {"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120},
    {"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland "
     "Time)",
     -27723480, -210},
    {"21 Nov 97 09:55:06 GMT", 880106106, 0},
    {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360},
    {"1 Jan 00 00:00 Z", 946684800, 0},
    {"1 Jan 100 00:00 UT", 946684800, 0},
    {"1 Jan 49 00:00 +0000", 2493072000, 0},
    {"1 Jan 50 00:00 EST", -631134000, -300},
    {"29 Feb 2024 12:00:60 XYZ", 1709208060, 0},
    {"Mon Jan  2 15:04:05 2006", 1136214245, 0},
    {"Mon Jan  2 15:04:05 MST 2006", 1136239445, -420},
    {"Mon Jan  2 15:04:05 2006 -0700", 1136239445, -420},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777, 0},
    {"2 January 2006", 1136160000, 0},
    {"31 Dec 9999 23:59:59 +0000", 253402300799, 0},
};

START_TEST(reads_dates_in_every_form)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        time_t when;
        int zone;
        ck_assert_msg(date_parse(bytes_of(good[i].text), &when, &zone), "refused: %s", good[i].text);
        ck_assert_msg(when == good[i].when && zone == good[i].zone, "%s: %ld, %d", good[i].text, (long)when,
                      zone);
    }
}
END_TEST

START_TEST(refuses_what_is_hopeless)
{
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "32 Jan 2000 00:00 GMT",
                                      "29 Feb 2023 00:00 GMT",
                                      "1 Foo 2000",
                                      "1 Jan",
                                      "1 Jan x",
                                      "0 Jan 2000 00:00 GMT",
                                      "Mon",
                                      "1 Jan 20000 00:00 Z",
                                      "(((",
                                      "Fri, Nov"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        time_t when;
        int zone;
        ck_assert_msg(!date_parse(bytes_of(bad[i]), &when, &zone), "taken: %s", bad[i]);
    }
}
END_TEST

UNIT_MAIN("message_date", reads_dates_in_every_form, refuses_what_is_hopeless)
