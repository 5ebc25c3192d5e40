/* auth_cache_test.c - what is remembered of right passwords. */
#include "auth/auth_cache.h"

#include "t/unit/unit.h"

START_TEST(remembers_the_pair_until_its_time)
{
    struct cache_mark mark = cache_mark(BYTES("hash"), BYTES("password"));
    ck_assert(!cache_has(&mark, 0));
    cache_add(&mark, 100);
    ck_assert(cache_has(&mark, 99) && !cache_has(&mark, 100));
    struct cache_mark again = cache_mark(BYTES("hash"), BYTES("password"));
    ck_assert(cache_has(&again, 99));
    cache_clear();
    ck_assert(!cache_has(&mark, 0));
}
END_TEST

START_TEST(knows_nothing_of_other_pairs)
{
    struct cache_mark mark = cache_mark(BYTES("hash"), BYTES("password"));
    cache_add(&mark, 100);
    const struct cache_mark others[] = {
        cache_mark(BYTES("hash"), BYTES("passwor")), cache_mark(BYTES("hash "), BYTES("password")),
        cache_mark(BYTES("password"), BYTES("hash")), cache_mark(BYTES("hashpassword"), BYTES("")),
        cache_mark(BYTES(""), BYTES(""))};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert(!cache_has(&others[i], 1));
}
END_TEST

UNIT_MAIN("auth_cache", remembers_the_pair_until_its_time, knows_nothing_of_other_pairs)
