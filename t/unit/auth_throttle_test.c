#include "auth/auth_throttle.h"

#include "t/unit/unit.h"

static uint32_t counted; /* what may get the address banned */

static struct throttle_try attempt(struct throttle *t, const char *address, const char *name,
                                   const char *password)
{
    return throttle_try(t, throttle_key(address), bytes_of(name), bytes_of(password));
}

static uint64_t fail_with(struct throttle *t, const char *address, const char *name, const char *password,
                          uint64_t now)
{
    struct throttle_try a = attempt(t, address, name, password);
    ck_assert(throttle_begin(t, &a, now));
    uint64_t delay = throttle_failed(t, &a, now, &counted);
    throttle_end(t, &a);
    return delay;
}

static struct throttle *make(uint64_t seed)
{
    return throttle_new((struct siphash_key){{seed, seed}});
}

static uint64_t fail_once(struct throttle *t, const char *address, uint64_t now)
{
    static unsigned guess;
    char password[16];
    snprintf(password, sizeof(password), "%u", ++guess);
    return fail_with(t, address, "anna", password, now);
}

START_TEST(doubles_the_delay_up_to_fifteen_seconds)
{
    static const uint64_t wanted[] = {1000, 2000, 4000, 8000, 15000, 15000};
    struct throttle *t = make(1);
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
    struct throttle *t = make(2);
    fail_once(t, "2001:db8:1:2::1", 0);
    ck_assert_uint_eq(fail_once(t, "2001:db8:1:2:ffff::9", 0), 2000);
    ck_assert_uint_eq(fail_once(t, "2001:db8:1:3::1", 0), 1000);
    throttle_free(t);
}
END_TEST

START_TEST(takes_mapped_addresses_for_what_they_are)
{
    struct throttle *t = make(3);
    fail_once(t, "::ffff:192.0.2.1", 0);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", 0), 2000);
    ck_assert(throttle_key("::ffff:127.0.0.1").trusted && throttle_key("127.9.9.9").trusted);
    ck_assert(throttle_key("::1").trusted && !throttle_key("128.0.0.1").trusted && !throttle_key("").trusted);
    throttle_free(t);
}
END_TEST

START_TEST(lets_loopback_wait_one_second_only)
{
    struct throttle *t = make(4);
    for (int i = 0; i < 50; i++)
        ck_assert_uint_eq(fail_once(t, "127.0.0.1", 0), 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert(throttle_begin(
            t, &(struct throttle_try){.address = throttle_key("::1"), .account = (uint64_t)i}, 0));
    throttle_free(t);
}
END_TEST

START_TEST(holds_back_parallel_tries_of_a_suspect)
{
    struct throttle *t = make(5);
    struct throttle_try a[THROTTLE_PARALLEL + 1];
    for (int i = 0; i <= THROTTLE_PARALLEL; i++) {
        a[i] = attempt(t, "192.0.2.7", "anna", "x");
        ck_assert_int_eq(throttle_begin(t, &a[i], 0), i < THROTTLE_PARALLEL);
    }
    throttle_failed(t, &a[0], 0, &counted);
    for (int i = 0; i < THROTTLE_PARALLEL; i++)
        throttle_end(t, &a[i]);
    for (int i = 0; i <= THROTTLE_PARALLEL_SUSPECT; i++)
        ck_assert_int_eq(throttle_begin(t, &a[i], 1), i < THROTTLE_PARALLEL_SUSPECT);
    throttle_end(t, &a[0]);
    ck_assert(throttle_begin(t, &a[0], 1));
    throttle_free(t);
}
END_TEST

START_TEST(counts_the_same_wrong_password_once)
{
    struct throttle *t = make(8);
    for (int i = 0; i < 500; i++) {
        ck_assert_uint_eq(fail_with(t, "192.0.2.1", "anna", "old", (uint64_t)i * 1000), 1000);
        ck_assert_uint_le(counted, 1);
    }
    ck_assert_uint_eq(fail_with(t, "192.0.2.1", "anna", "other", 500000), 2000);
    ck_assert_uint_eq(counted, 2);
    ck_assert_uint_eq(fail_with(t, "192.0.2.1", "ben", "old", 500000), 4000);
    throttle_free(t);
}
END_TEST

START_TEST(slows_down_guesses_at_one_account_from_everywhere_but_where_it_logs_in)
{
    struct throttle *t = make(9);
    char address[32];
    struct throttle_try owner = attempt(t, "192.0.2.1", "anna", "right");
    ck_assert(throttle_begin(t, &owner, 0));
    throttle_succeeded(t, &owner, 1);
    throttle_end(t, &owner);
    struct throttle_try guesses[THROTTLE_ACCOUNT_FREE + THROTTLE_ACCOUNT_PARALLEL + 1];
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++) {
        snprintf(address, sizeof(address), "10.0.0.%d", i);
        fail_with(t, address, i % 2 ? "ANNA" : "anna", address, 1);
    }
    for (int i = 0; i <= THROTTLE_ACCOUNT_PARALLEL; i++) {
        snprintf(address, sizeof(address), "10.0.1.%d", i);
        guesses[i] = attempt(t, address, "anna", address);
        ck_assert_int_eq(throttle_begin(t, &guesses[i], 2), i < THROTTLE_ACCOUNT_PARALLEL);
    }
    for (int i = 0; i < 20; i++) {
        ck_assert(throttle_begin(t, &owner, 2)); /* never the owner */
        throttle_end(t, &owner);
    }
    struct throttle_try other = attempt(t, "10.0.1.9", "ben", "x");
    ck_assert(throttle_begin(t, &other, 2)); /* nor anybody else */
    throttle_end(t, &guesses[0]);
    ck_assert(throttle_begin(t, &guesses[2], 2));
    throttle_free(t);
}
END_TEST

START_TEST(never_holds_back_the_owner_behind_a_suspect_address)
{
    struct throttle *t = make(10);
    struct throttle_try owner = attempt(t, "192.0.2.1", "anna", "right"),
                        guess[THROTTLE_PARALLEL_SUSPECT + 1];
    ck_assert(throttle_begin(t, &owner, 0));
    throttle_succeeded(t, &owner, 1);
    throttle_end(t, &owner);
    for (int i = 0; i < 50; i++)
        fail_with(t, "192.0.2.1", "ben", (char[]){(char)('a' + i), 0}, 1);
    ck_assert_uint_eq(counted, 0); /* somebody has logged in from there: slow, but not banned */
    for (int i = 0; i <= THROTTLE_PARALLEL_SUSPECT; i++) {
        guess[i] = attempt(t, "192.0.2.1", "carl", "x");
        ck_assert_int_eq(throttle_begin(t, &guess[i], 2), i < THROTTLE_PARALLEL_SUSPECT);
    }
    ck_assert(throttle_begin(t, &owner, 2));
    throttle_free(t);
}
END_TEST

START_TEST(forgets_after_ten_quiet_minutes)
{
    struct throttle *t = make(6);
    fail_once(t, "192.0.2.1", 0);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", THROTTLE_FORGET_MS - 1), 2000);
    ck_assert_uint_eq(fail_once(t, "192.0.2.1", 2 * (uint64_t)THROTTLE_FORGET_MS), 1000);
    throttle_free(t);
}
END_TEST

START_TEST(remembers_the_worst_through_a_flood_of_addresses)
{
    struct throttle *t = make(7);
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
          remembers_the_worst_through_a_flood_of_addresses, counts_the_same_wrong_password_once,
          slows_down_guesses_at_one_account_from_everywhere_but_where_it_logs_in,
          never_holds_back_the_owner_behind_a_suspect_address)
