/*
 * event.h - the loop: descriptors, timers, signals; nothing else.
 *
 * epoll (level-triggered), a heap of timers on the monotonic clock, signals through signalfd. All callbacks run from
 * loop_run, one after the other. It is safe to remove or free any watch or timer from any callback: events that were already
 * fetched for a removed watch are dropped.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* A watched descriptor; embedded by its owner, zero-initialised. */
struct watch {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT, ... as asked for */
    void (*fn)(void *arg, uint32_t events);
    void *arg;
    bool active;
};

/* A timer; embedded by its owner, zero-initialised but for fn and arg. */
struct timer {
    void (*fn)(void *arg);
    void *arg;
    uint64_t at;     /* milliseconds on the loop's clock */
    size_t position; /* in the heap, 1-based; 0: not set */
};

struct loop *loop_new(void); /* dies if the system refuses */
void loop_free(struct loop *loop);

/* Start watching; w->fd stays the caller's to close (after loop_unwatch). Dies when epoll refuses, which
 * happens for descriptors that cannot be polled: a mistake of ours. */
void loop_watch(struct loop *loop, struct watch *w, int fd, uint32_t events, void (*fn)(void *, uint32_t),
                void *arg);
void loop_rewatch(struct loop *loop, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *loop, struct watch *w); /* no-op if not active */

void timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* (Re)start: fires once, ms from now. */
void timer_set(struct loop *loop, struct timer *t, uint64_t ms);
void timer_stop(struct loop *loop, struct timer *t); /* no-op if not set */

/* Call fn(arg, signo) for this signal, from the loop; blocks its normal delivery in this process. */
void loop_signal(struct loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg);

/* Milliseconds on the monotonic clock, read once per round. */
uint64_t loop_now(const struct loop *loop);
/* How often it has waited so far. */
uint64_t loop_round(const struct loop *loop);
/* Run until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
