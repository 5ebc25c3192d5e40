/* queue_fair_test.c - who is next among senders of many messages and of few. */
#include "relay/queue_fair.h"

#include "base/cleanup.h"

#include "t/unit/unit.h"

#define MANY 10000

static struct fair_entry many[MANY], few[10];

static void reset(struct fair *f)
{
    fair_done(f);
    memset(many, 0, sizeof many);
    memset(few, 0, sizeof few);
}

START_TEST(delays_one_message_behind_ten_thousand_by_one)
{
    static struct fair f;
    reset(&f);
    for (size_t i = 0; i < MANY; i++)
        fair_add(&f, &many[i], fair_key("spammer"));
    for (size_t i = 0; i < 5; i++)
        ck_assert_ptr_eq(fair_take(&f, 100), &many[i]);
    fair_add(&f, &few[0], fair_key("anna"));
    struct fair_entry *first = fair_take(&f, 100);
    ck_assert(first == &few[0] || fair_take(&f, 100) == &few[0]);
    fair_done(&f);
}
END_TEST

START_TEST(takes_turns_and_keeps_each_senders_order)
{
    static struct fair f;
    reset(&f);
    for (size_t i = 0; i < 3; i++)
        fair_add(&f, &many[i], 1);
    for (size_t i = 0; i < 3; i++)
        fair_add(&f, &few[i], 2);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ptr_eq(fair_take(&f, 100), &many[i]);
        ck_assert_ptr_eq(fair_take(&f, 100), &few[i]);
    }
    ck_assert_ptr_eq(fair_take(&f, 100), NULL);
    fair_done(&f);
}
END_TEST

START_TEST(gives_no_sender_more_than_its_share)
{
    static struct fair f;
    reset(&f);
    for (size_t i = 0; i < 5; i++)
        fair_add(&f, &many[i], 1);
    ck_assert_ptr_eq(fair_take(&f, 2), &many[0]);
    ck_assert_ptr_eq(fair_take(&f, 2), &many[1]);
    ck_assert_ptr_eq(fair_take(&f, 2), NULL);
    fair_add(&f, &few[0], 2);
    ck_assert_ptr_eq(fair_take(&f, 2), &few[0]);
    fair_finish(&f, &many[0]);
    ck_assert_ptr_eq(fair_take(&f, 2), &many[2]);
    fair_done(&f);
}
END_TEST

START_TEST(forgets_who_left_the_line)
{
    static struct fair f;
    reset(&f);
    for (size_t i = 0; i < 4; i++)
        fair_add(&f, &many[i], 1);
    fair_finish(&f, &many[0]);
    fair_finish(&f, &many[2]);
    fair_finish(&f, &many[2]);
    ck_assert_uint_eq(f.n, 2);
    ck_assert_ptr_eq(fair_take(&f, 9), &many[1]);
    ck_assert_ptr_eq(fair_take(&f, 9), &many[3]);
    fair_finish(&f, &many[1]);
    fair_finish(&f, &many[3]);
    for (size_t i = 0; i < FAIR_BUCKETS; i++)
        ck_assert_ptr_eq(f.buckets[i], NULL);
}
END_TEST

UNIT_MAIN("queue_fair", delays_one_message_behind_ten_thousand_by_one,
          takes_turns_and_keeps_each_senders_order, gives_no_sender_more_than_its_share,
          forgets_who_left_the_line)
