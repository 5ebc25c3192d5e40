#include "base/census.h"

#include "t/unit/unit.h"

#include <sys/wait.h>
#include <unistd.h>

static const struct census_limits wide = {.all = 60000, .waiting = 60000};

START_TEST(limits_hold_to_the_one)
{
    static const struct census_limits limits = {.all = 5, .waiting = 4, .net = 3, .net_waiting = 2};
    struct census *c = census_open(census_make(), 1);
    uint32_t place[8];
    ck_assert_int_eq(census_enter(c, 7, &limits, &place[0]), CENSUS_IN);
    ck_assert_int_eq(census_enter(c, 7, &limits, &place[1]), CENSUS_IN);
    ck_assert_int_eq(census_enter(c, 7, &limits, &place[2]), CENSUS_NET_WAITING);
    census_logged_in(c, place[0]);
    census_logged_in(c, place[0]);
    ck_assert_int_eq(census_enter(c, 7, &limits, &place[2]), CENSUS_IN);
    ck_assert_int_eq(census_enter(c, 7, &limits, &place[3]), CENSUS_NET);
    ck_assert_int_eq(census_enter(c, 8, &limits, &place[3]), CENSUS_IN);
    ck_assert_int_eq(census_enter(c, 9, &limits, &place[4]), CENSUS_IN);
    ck_assert_int_eq(census_enter(c, 10, &limits, &place[5]), CENSUS_ALL);
    census_leave(c, place[0]);
    ck_assert_int_eq(census_enter(c, 10, &limits, &place[5]), CENSUS_WAITING);
    census_leave(c, place[1]);
    census_leave(c, place[1]);
    ck_assert_int_eq(census_enter(c, 10, &limits, &place[5]), CENSUS_IN);
    uint64_t net = 7;
    ck_assert_uint_eq(census_counts(c, &net).all, 1);
    ck_assert_uint_eq(census_counts(c, NULL).all, 4);
    ck_assert_uint_eq(census_counts(c, NULL).waiting, 4);
    census_close(c);
}
END_TEST

/* Against counts kept in the plainest way. */
START_TEST(counts_agree_after_many_comings_and_goings)
{
    enum { NETS = 900, PLACES = 4000 };
    struct census *c = census_open(census_make(), 1);
    static unsigned all[NETS], waiting[NETS];
    static struct {
        bool used, in;
        uint64_t net;
        uint32_t place;
    } who[PLACES];
    srandom(1);
    for (int i = 0; i < 60000; i++) {
        size_t w = (size_t)random() % PLACES;
        if (!who[w].used) {
            who[w].net = (uint64_t)random() % NETS;
            who[w].used = census_enter(c, who[w].net << 40, &wide, &who[w].place) == CENSUS_IN;
            ck_assert(who[w].used);
            who[w].in = false;
            all[who[w].net]++;
            waiting[who[w].net]++;
        } else if (!who[w].in && random() % 2) {
            census_logged_in(c, who[w].place);
            who[w].in = true;
            waiting[who[w].net]--;
        } else {
            census_leave(c, who[w].place);
            who[w].used = false;
            all[who[w].net]--;
            waiting[who[w].net] -= !who[w].in;
        }
    }
    for (uint64_t i = 0; i < NETS; i++) {
        uint64_t net = i << 40;
        ck_assert_uint_eq(census_counts(c, &net).all, all[i]);
        ck_assert_uint_eq(census_counts(c, &net).waiting, waiting[i]);
    }
    census_close(c);
}
END_TEST

START_TEST(the_places_of_the_dead_are_freed_those_of_the_living_stay)
{
    int fd = census_make();
    struct census *one = census_open(fd, 1), *two = census_open(fd, 2), *three = census_open(fd, 3);
    uint32_t place, living[] = {2};
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(census_enter(one, 1, &wide, &place), CENSUS_IN);
        ck_assert_int_eq(census_enter(two, 1, &wide, &place), CENSUS_IN);
        ck_assert_int_eq(census_enter(three, 2, &wide, &place), CENSUS_IN);
    }
    census_leave(one, place); /* not its own */
    ck_assert_uint_eq(census_tidy(three, living, 1, 3), 10);
    ck_assert_uint_eq(census_counts(two, NULL).all, 20);
    ck_assert_ptr_null(census_open(fd, 0));
    census_close(one);
    census_close(two);
    census_close(three);
}
END_TEST

START_TEST(a_process_killed_at_any_time_leaves_it_usable)
{
    int fd = census_make();
    struct census *c = census_open(fd, 1000);
    for (uint32_t round = 1; round <= 40; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct census *mine = census_open(fd, round);
            uint32_t places[64];
            for (unsigned i = 0;; i++) {
                if (i >= 64)
                    census_leave(mine, places[i % 64]);
                census_enter(mine, i % 100, &wide, &places[i % 64]);
            }
        }
        usleep(2000 + round * 97);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        uint32_t place;
        ck_assert_int_eq(census_enter(c, 5, &wide, &place), CENSUS_IN);
        census_tidy(c, NULL, 0, round + 1);
        ck_assert_uint_eq(census_counts(c, NULL).all, 1);
        census_leave(c, place);
        ck_assert_uint_eq(census_counts(c, NULL).all, 0);
        ck_assert_uint_eq(census_counts(c, NULL).waiting, 0);
    }
    census_close(c);
}
END_TEST

UNIT_MAIN("census", limits_hold_to_the_one, counts_agree_after_many_comings_and_goings,
          the_places_of_the_dead_are_freed_those_of_the_living_stay,
          a_process_killed_at_any_time_leaves_it_usable)
