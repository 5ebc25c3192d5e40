/* queue_limits_test.c - how much somebody may send, on a clock of our own. */
#include "relay/queue_limits.h"

#include "base/cleanup.h"

#include "t/unit/unit.h"

#include <stdio.h>

#define HOUR UINT64_C(3600)
#define T0   (UINT64_C(500000) * HOUR)

static const struct limit_rules rules = {.most = {10, 50, 15, 1000}};

static enum limit_verdict ask(struct limits *l, const char *who, size_t recipients, uint64_t now)
{
    enum limit which;
    return limits_ask(l, who, &rules, recipients, now, &which);
}

START_TEST(holds_what_is_over_the_hours_messages)
{
    struct limits *l = limits_new();
    enum limit which = LIMIT_KINDS;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ask(l, "anna", 1, T0), LIMIT_PASS);
    ck_assert_int_eq(limits_ask(l, "anna", &rules, 1, T0, &which), LIMIT_HOLD_FIRST);
    ck_assert_int_eq(which, LIMIT_MESSAGES_HOUR);
    ck_assert_int_eq(ask(l, "anna", 1, T0 + 1), LIMIT_HOLD);
    ck_assert_int_eq(ask(l, "ben", 1, T0 + 1), LIMIT_PASS);
    limits_free(l);
}
END_TEST

START_TEST(forgets_the_hour_before_little_by_little)
{
    struct limits *l = limits_new();
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ask(l, "anna", 1, T0), LIMIT_PASS);
    ck_assert_int_eq(ask(l, "anna", 1, T0 + HOUR), LIMIT_HOLD_FIRST);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ask(l, "anna", 1, T0 + HOUR + HOUR / 2), LIMIT_PASS);
    ck_assert_int_eq(ask(l, "anna", 1, T0 + HOUR + HOUR / 2), LIMIT_HOLD);
    limits_free(l);
}
END_TEST

START_TEST(counts_recipients_and_the_day)
{
    struct limits *l = limits_new();
    enum limit which = LIMIT_KINDS;
    ck_assert_int_eq(ask(l, "anna", 50, T0), LIMIT_PASS);
    ck_assert_int_eq(limits_ask(l, "anna", &rules, 1, T0, &which), LIMIT_HOLD_FIRST);
    ck_assert_int_eq(which, LIMIT_RECIPIENTS_HOUR);
    for (int i = 0; i < 14; i++)
        ck_assert_int_eq(ask(l, "anna", 1, T0 + 2 * HOUR + (uint64_t)i / 7 * 2 * HOUR), LIMIT_PASS);
    ck_assert_int_eq(limits_ask(l, "anna", &rules, 1, T0 + 6 * HOUR, &which), LIMIT_HOLD);
    ck_assert_int_eq(which, LIMIT_MESSAGES_DAY);
    limits_free(l);
}
END_TEST

START_TEST(keeps_a_hundred_and_refuses_more)
{
    struct limits *l = limits_new();
    for (int i = 0; i < 10; i++)
        ask(l, "anna", 1, T0);
    ck_assert_int_eq(ask(l, "anna", 1, T0), LIMIT_HOLD_FIRST);
    for (int i = 1; i < LIMITS_HELD_MAX; i++)
        ck_assert_int_eq(ask(l, "anna", 1, T0), LIMIT_HOLD);
    ck_assert_int_eq(ask(l, "anna", 1, T0), LIMIT_REFUSE);
    ck_assert_int_eq(ask(l, "anna", 1, T0 + 72 * HOUR), LIMIT_PASS);
    limits_free(l);
}
END_TEST

START_TEST(has_no_limit_where_there_is_none_and_a_cap_on_senders)
{
    static const struct limit_rules none;
    struct limits *l = limits_new();
    enum limit which;
    char name[24];
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(limits_ask(l, "anna", &none, 100, T0, &which), LIMIT_PASS);
    for (int i = 0; i < LIMITS_SENDERS_MAX + 10; i++) {
        snprintf(name, sizeof name, "u%d", i);
        ck_assert_int_eq(ask(l, name, 1, T0), LIMIT_PASS);
    }
    limits_free(l);
}
END_TEST

UNIT_MAIN("queue_limits", holds_what_is_over_the_hours_messages, forgets_the_hour_before_little_by_little,
          counts_recipients_and_the_day, keeps_a_hundred_and_refuses_more,
          has_no_limit_where_there_is_none_and_a_cap_on_senders)
