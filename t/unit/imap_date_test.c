/*
 * imap_date_test.c - date-time and date.
 */
#include "access/imap_date.h"

#include "t/unit/unit.h"

#include <string.h>

START_TEST(reads_a_date_time)
{
    time_t when;
    ck_assert(imap_date_parse(BYTES("17-Jul-1996 02:44:25 -0700"), &when));
    ck_assert_int_eq(when, 837596665);
    ck_assert(imap_date_parse(BYTES(" 7-jul-1996 09:44:25 +0000"), &when));
    ck_assert(imap_date_parse(BYTES("01-Jan-1970 01:30:00 +0130"), &when));
    ck_assert_int_eq(when, 0);
}
END_TEST

START_TEST(refuses_what_is_no_date_time)
{
    static const char *const bad[] = {
        "",
        "17-Jul-1996",
        "17-Jul-1996 02:44:25",
        "17-Jul-1996 02:44:25 0700",
        "32-Jul-1996 02:44:25 -0700",
        "17-Foo-1996 02:44:25 -0700",
        "17-Jul-1996 24:44:25 -0700",
        "17-Jul-1996 02:44:25 -0700 ",
        "17-Jul-96 02:44:25 -0700",
    };
    time_t when;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!imap_date_parse(bytes_of(bad[i]), &when), "taken: %s", bad[i]);
}
END_TEST

START_TEST(writes_what_it_reads)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    time_t when;
    setenv("TZ", "UTC-5:30", 1);
    tzset();
    imap_date_write(&out, 837596665);
    ck_assert_str_eq(out.data, "17-Jul-1996 15:14:25 +0530");
    ck_assert(imap_date_parse(strbuf_bytes(&out), &when));
    ck_assert_int_eq(when, 837596665);
}
END_TEST

START_TEST(counts_days_by_the_clock_of_the_place)
{
    int64_t day;
    ck_assert(imap_day_parse(BYTES("1-Feb-1994"), &day));
    ck_assert_int_eq(day, 8797);
    ck_assert_int_eq(imap_day_of(8797 * 86400 - 60, 0), 8796);
    ck_assert_int_eq(imap_day_of(8797 * 86400 - 60, 60), 8797);
    ck_assert_int_eq(imap_day_of(-1, 0), -1);
    ck_assert(!imap_day_parse(BYTES("1-Feb-1994 "), &day));
    ck_assert(!imap_day_parse(BYTES("1-Feb-94"), &day));
}
END_TEST

UNIT_MAIN("imap_date", reads_a_date_time, refuses_what_is_no_date_time, writes_what_it_reads,
          counts_days_by_the_clock_of_the_place)
