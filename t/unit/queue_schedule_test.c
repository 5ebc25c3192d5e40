/* queue_schedule_test.c - back-off, expiry, lanes, and the order of what waits, on a clock of our own. */
#include "relay/queue_schedule.h"

#include "t/unit/unit.h"

static const struct schedule_rules rules = {.retry_first = 300, .retry_max = 7200, .expire = 432000};

START_TEST(doubles_the_wait_up_to_its_maximum)
{
    static const uint64_t waits[] = {300, 600, 1200, 2400, 4800, 7200, 7200};
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(schedule_backoff(&rules, i + 1), waits[i]);
    ck_assert_uint_eq(schedule_backoff(&rules, UINT32_MAX), 7200);
}
END_TEST

START_TEST(tries_at_once_what_was_never_tried)
{
    ck_assert_uint_eq(schedule_next(&rules, 1000, 0, 0, 5000), 5000);
}
END_TEST

START_TEST(is_due_when_the_sender_must_be_told)
{
    ck_assert_uint_eq(schedule_next(&rules, 1000, 9, 1000 + 432000 - 100, 1000 + 432000 - 100),
                      1000 + 432000);
    ck_assert(schedule_expired(&rules, 1000, 1000 + 432000));
    ck_assert(!schedule_expired(&rules, 1000, 1000 + 431999));
}
END_TEST

START_TEST(survives_a_clock_that_was_set_back)
{
    ck_assert_uint_eq(schedule_next(&rules, 9000, 3, 9500, 100), 100);
    ck_assert(!schedule_expired(&rules, 9000, 100));
}
END_TEST

START_TEST(lets_an_unreachable_lane_rest)
{
    struct schedule_lane lane = {.limit = 2};
    lane_unreachable(&lane, &rules, 1000);
    ck_assert(lane_resting(&lane, 1004));
    ck_assert(!lane_resting(&lane, 1005));
    lane_unreachable(&lane, &rules, 1005);
    ck_assert(lane_resting(&lane, 1014));
    ck_assert(!lane_resting(&lane, 10)); /* the clock was set back by far */
    lane_answered(&lane);
    ck_assert(!lane_resting(&lane, 1006));
}
END_TEST

START_TEST(keeps_the_earliest_first_and_equals_in_order)
{
    static struct schedule_entry entries[200];
    struct schedule s = {.n = 0};
    for (unsigned i = 0; i < 200; i++)
        schedule_add(&s, &entries[i], (i * 7919u) % 50);
    for (unsigned i = 0; i < 200; i += 3)
        schedule_remove(&s, &entries[i]);
    uint64_t due = 0, order = 0;
    for (struct schedule_entry *first; (first = schedule_first(&s)); schedule_remove(&s, first)) {
        ck_assert(first->due > due || (first->due == due && first->order >= order));
        due = first->due;
        order = first->order;
        ck_assert((first - entries) % 3 != 0);
    }
    schedule_done(&s);
}
END_TEST

UNIT_MAIN("queue_schedule", doubles_the_wait_up_to_its_maximum, tries_at_once_what_was_never_tried,
          is_due_when_the_sender_must_be_told, survives_a_clock_that_was_set_back,
          lets_an_unreachable_lane_rest, keeps_the_earliest_first_and_equals_in_order)
