/* event_test.c - the loop: order of timers, removal from inside callbacks. */
#include "base/event.h"

#include "t/unit/unit.h"

#include <sys/epoll.h>
#include <unistd.h>

static struct loop *loop;
static char order[16];
static size_t norder;

static void note(void *arg)
{
    order[norder++] = *(const char *)arg;
    order[norder] = '\0';
    if (*(const char *)arg == 'z')
        loop_stop(loop);
}

START_TEST(runs_timers_in_the_order_of_their_times)
{
    struct timer t[4];
    const char *names[] = {"z", "a", "c", "b"};
    uint64_t ms[] = {40, 5, 30, 15};
    loop = loop_new();
    norder = 0;
    for (int i = 0; i < 4; i++) {
        timer_init(&t[i], note, (void *)names[i]);
        timer_set(loop, &t[i], ms[i]);
    }
    loop_run(loop);
    ck_assert_str_eq(order, "abcz");
    loop_free(loop);
}
END_TEST

START_TEST(does_not_run_a_stopped_timer)
{
    struct timer a, z;
    loop = loop_new();
    norder = 0;
    timer_init(&a, note, (void *)"a");
    timer_init(&z, note, (void *)"z");
    timer_set(loop, &a, 5);
    timer_set(loop, &z, 20);
    timer_stop(loop, &a);
    loop_run(loop);
    ck_assert_str_eq(order, "z");
    loop_free(loop);
}
END_TEST

static struct watch first, second;
static int calls;

static void remove_the_other(void *arg, uint32_t events)
{
    (void)events;
    calls++;
    loop_unwatch(loop, arg);
    loop_unwatch(loop, arg == &first ? &second : &first);
    loop_stop(loop);
}

START_TEST(drops_fetched_events_of_a_removed_watch)
{
    int a[2], b[2];
    ck_assert(!pipe(a) && !pipe(b));
    ck_assert(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
    loop = loop_new();
    calls = 0;
    loop_watch(loop, &first, a[0], EPOLLIN, remove_the_other, &second);
    loop_watch(loop, &second, b[0], EPOLLIN, remove_the_other, &first);
    loop_run(loop);
    ck_assert_int_eq(calls, 1);
    loop_free(loop);
}
END_TEST

UNIT_MAIN("event", runs_timers_in_the_order_of_their_times, does_not_run_a_stopped_timer,
          drops_fetched_events_of_a_removed_watch)
