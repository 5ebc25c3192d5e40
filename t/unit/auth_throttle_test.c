#include "auth/auth_throttle.h"

#include "t/unit/unit.h"

static uint64_t fail_once(struct throttle *t, const char *address, uint64_t now)
{
    struct throttle_key key = throttle_key(address);
    ck_assert(throttle_begin(t, key, now));
    uint64_t delay = throttle_failed(t, key, now);
    throttle_end(t, key);
    return delay;
}

START_TEST(doubles_the_delay_up_to_fifteen_seconds)
{
    static const uint64_t wanted[] = {1000, 2000, 4000, 8000, 15000, 15000};
    struct throttle *t = throttle_new(1);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ck_assert_uint_eq(fail_once(t, "192.0.2.1", i), wanted[i]);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(fail_once(t, "192.0.2.1", 10), 15000);
    ck_assert_uint_eq(fail_once(t, "192.0.2.2", 10), 1000);
    throttle_free(t);
}
END_TEST

START_TEST(counts_ipv6_by_its_first_64_bits)
{
    struct throttle *t = throttle_new(2);
    fail_once(t, "2001:db8:1:2::1", 0);
    ck_assert_uint_eq(fail_once(t, "2001:db8:1:2:ffff::9", 0), 2000);
    ck_assert_uint_eq(fail_once(t, "2001:db8:1:3::1", 0), 1000);
    throttle_free(t);
}
END_TEST

START_TEST(takes_mapped_addresses_for_what_they_are)
{
    struct throttle *t = throttle_new(3);
    fail_once(t, "::ffff:192.0.2.1", 0);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", 0), 2000);
    ck_assert(throttle_key("::ffff:127.0.0.1").loopback && throttle_key("127.9.9.9").loopback);
    ck_assert(throttle_key("::1").loopback && !throttle_key("128.0.0.1").loopback &&
              !throttle_key("").loopback);
    throttle_free(t);
}
END_TEST

START_TEST(lets_loopback_wait_one_second_only)
{
    struct throttle *t = throttle_new(4);
    for (int i = 0; i < 50; i++)
        ck_assert_uint_eq(fail_once(t, "127.0.0.1", 0), 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert(throttle_begin(t, throttle_key("::1"), 0));
    throttle_free(t);
}
END_TEST

START_TEST(holds_back_parallel_tries_of_a_suspect)
{
    struct throttle *t = throttle_new(5);
    struct throttle_key key = throttle_key("192.0.2.7");
    for (int i = 0; i < THROTTLE_PARALLEL; i++)
        ck_assert(throttle_begin(t, key, 0));
    ck_assert(!throttle_begin(t, key, 0));
    throttle_failed(t, key, 0);
    for (int i = 0; i < THROTTLE_PARALLEL; i++)
        throttle_end(t, key);
    for (int i = 0; i < THROTTLE_PARALLEL_SUSPECT; i++)
        ck_assert(throttle_begin(t, key, 1));
    ck_assert(!throttle_begin(t, key, 1));
    throttle_end(t, key);
    ck_assert(throttle_begin(t, key, 1));
    throttle_free(t);
}
END_TEST

START_TEST(forgets_after_ten_quiet_minutes)
{
    struct throttle *t = throttle_new(6);
    fail_once(t, "192.0.2.1", 0);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", THROTTLE_FORGET_MS - 1), 2000);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", 2 * (uint64_t)THROTTLE_FORGET_MS), 1000);
    throttle_free(t);
}
END_TEST

START_TEST(remembers_the_worst_through_a_flood_of_addresses)
{
    struct throttle *t = throttle_new(7);
    char address[32];
    for (int i = 0; i < 6; i++)
        fail_once(t, "198.51.100.1", 0);
    for (int i = 0; i < 200000; i++) {
        snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        fail_once(t, address, 1);
    }
    ck_assert_uint_eq(fail_once(t, "198.51.100.1", 2), 15000);
    throttle_free(t);
}
END_TEST

UNIT_MAIN("auth_throttle", doubles_the_delay_up_to_fifteen_seconds, counts_ipv6_by_its_first_64_bits,
          takes_mapped_addresses_for_what_they_are, lets_loopback_wait_one_second_only,
          holds_back_parallel_tries_of_a_suspect, forgets_after_ten_quiet_minutes,
          remembers_the_worst_through_a_flood_of_addresses)
