/*
 * event.c - epoll, a timer heap, signalfd. See event.h for the contract.
 *
 * Removal while events are pending: one round fetches up to BATCH events; loop_unwatch blanks the entries of
 * the removed watch in the batch being worked through, so that a freed watch is never called.
 */
#include "base/event.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH      64
#define SIGNAL_MAX 65

struct loop {
    int epoll_fd;
    bool stopped;
    uint64_t now, round;
    struct epoll_event batch[BATCH];
    int batch_len, batch_pos;
    struct timer **heap; /* heap[1..ntimers] */
    size_t ntimers, heap_size;
    sigset_t signals;
    struct watch signal_watch;
    struct {
        void (*fn)(void *, int);
        void *arg;
    } on_signal[SIGNAL_MAX];
};

static uint64_t clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        log_fatal("epoll_create1: %m");
    sigemptyset(&loop->signals);
    loop->now = clock_ms();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->signal_watch.active) {
        int fd = loop->signal_watch.fd;
        loop_unwatch(loop, &loop->signal_watch);
        close(fd);
    }
    close(loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

void loop_watch(struct loop *loop, struct watch *w, int fd, uint32_t events, void (*fn)(void *, uint32_t),
                void *arg)
{
    *w = (struct watch){.fd = fd, .events = events, .fn = fn, .arg = arg, .active = true};
    struct epoll_event ev = {.events = events, .data.ptr = w};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
        log_fatal("epoll_ctl add %d: %m", fd);
}

void loop_rewatch(struct loop *loop, struct watch *w, uint32_t events)
{
    if (!w->active || w->events == events)
        return;
    w->events = events;
    struct epoll_event ev = {.events = events, .data.ptr = w};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev))
        log_fatal("epoll_ctl mod %d: %m", w->fd);
}

void loop_unwatch(struct loop *loop, struct watch *w)
{
    if (!w->active)
        return;
    w->active = false;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    for (int i = loop->batch_pos; i < loop->batch_len; i++)
        if (loop->batch[i].data.ptr == w)
            loop->batch[i].data.ptr = NULL;
}

/* ---- timers: a binary heap, 1-based, each timer knowing its place ---- */

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    *t = (struct timer){.fn = fn, .arg = arg};
}

static void heap_put(struct loop *loop, size_t position, struct timer *t)
{
    loop->heap[position] = t;
    t->position = position;
}

static void heap_up(struct loop *loop, struct timer *t)
{
    size_t i = t->position;
    for (; i > 1 && loop->heap[i / 2]->at > t->at; i /= 2)
        heap_put(loop, i, loop->heap[i / 2]);
    heap_put(loop, i, t);
}

static void heap_down(struct loop *loop, struct timer *t)
{
    size_t i = t->position;
    for (size_t child; (child = 2 * i) <= loop->ntimers; i = child) {
        if (child < loop->ntimers && loop->heap[child + 1]->at < loop->heap[child]->at)
            child++;
        if (loop->heap[child]->at >= t->at)
            break;
        heap_put(loop, i, loop->heap[child]);
    }
    heap_put(loop, i, t);
}

void timer_stop(struct loop *loop, struct timer *t)
{
    if (!t->position)
        return;
    struct timer *last = loop->heap[loop->ntimers--];
    if (last != t) {
        heap_put(loop, t->position, last);
        heap_up(loop, last);
        heap_down(loop, last);
    }
    t->position = 0;
}

void timer_set(struct loop *loop, struct timer *t, uint64_t ms)
{
    timer_stop(loop, t);
    t->at = ms ? clock_ms() + ms : loop->now; /* 0: still in this round */
    if (loop->ntimers + 2 > loop->heap_size) {
        loop->heap_size = loop->heap_size ? loop->heap_size * 2 : 64;
        loop->heap = xrealloc(loop->heap, loop->heap_size, sizeof *loop->heap);
    }
    heap_put(loop, ++loop->ntimers, t);
    heap_up(loop, t);
}

static void run_timers(struct loop *loop)
{
    /* at most as many as there are now: a timer that sets itself again at once must not keep descriptors
     * waiting */
    for (size_t n = loop->ntimers; n && loop->ntimers && loop->heap[1]->at <= loop->now && !loop->stopped;
         n--) {
        struct timer *t = loop->heap[1];
        timer_stop(loop, t);
        t->fn(t->arg);
    }
}

static int wait_ms(const struct loop *loop)
{
    if (!loop->ntimers)
        return -1;
    uint64_t now = clock_ms(), at = loop->heap[1]->at;
    return at <= now ? 0 : at - now > 60000 ? 60000 : (int)(at - now);
}

/* ---- signals ---- */

static void on_signalfd(void *arg, uint32_t events)
{
    struct loop *loop = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(loop->signal_watch.fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo < SIGNAL_MAX && loop->on_signal[info.ssi_signo].fn)
            loop->on_signal[info.ssi_signo].fn(loop->on_signal[info.ssi_signo].arg, (int)info.ssi_signo);
}

void loop_signal(struct loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    loop->on_signal[signo].fn = fn;
    loop->on_signal[signo].arg = arg;
    sigaddset(&loop->signals, signo);
    sigprocmask(SIG_BLOCK, &loop->signals, NULL);
    int fd = signalfd(loop->signal_watch.active ? loop->signal_watch.fd : -1, &loop->signals,
                      SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        log_fatal("signalfd: %m");
    if (!loop->signal_watch.active)
        loop_watch(loop, &loop->signal_watch, fd, EPOLLIN, on_signalfd, loop);
}

/* ---- the loop ---- */

uint64_t loop_now(const struct loop *loop)
{
    return loop->now;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

static void run_batch(struct loop *loop)
{
    while (loop->batch_pos < loop->batch_len && !loop->stopped) {
        struct epoll_event *ev = &loop->batch[loop->batch_pos++];
        struct watch *w = ev->data.ptr;
        if (w)
            w->fn(w->arg, ev->events);
    }
    loop->batch_len = loop->batch_pos = 0;
}

uint64_t loop_round(const struct loop *loop)
{
    return loop->round;
}

void loop_run(struct loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        int n = epoll_wait(loop->epoll_fd, loop->batch, BATCH, wait_ms(loop));
        if (n < 0 && errno != EINTR)
            log_fatal("epoll_wait: %m");
        loop->now = clock_ms();
        loop->round++;
        loop->batch_pos = 0;
        loop->batch_len = n < 0 ? 0 : n;
        run_batch(loop);
        run_timers(loop);
    }
}
