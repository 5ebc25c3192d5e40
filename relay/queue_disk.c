/*
 * queue_disk.c - threads for what waits for the disk. See queue_disk.h.
 *
 * Threads are started when there is work for them and stay. Where none can be started the loop does the work itself.
 */
#include "relay/queue_disk.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES (256u << 10)

struct list {
    struct disk_job *first, **last;
};

struct disk {
    struct loop *loop;
    struct watch watch;
    int event_fd;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct list todo, finished;
    unsigned threads, idle;
};

static void append(struct list *l, struct disk_job *job)
{
    job->next = NULL;
    *l->last = job;
    l->last = &job->next;
}

static struct disk_job *take(struct list *l)
{
    struct disk_job *job = l->first;
    l->first = job->next;
    if (!l->first)
        l->last = &l->first;
    return job;
}

static void tell_loop(struct disk *d)
{
    uint64_t one = 1;
    while (write(d->event_fd, &one, sizeof one) < 0 && errno != EAGAIN && errno != EBADF)
        ; /* or nobody would ever look again */
}

static void *work(void *arg)
{
    struct disk *d = arg;
    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (!d->todo.first) {
            d->idle++;
            pthread_cond_wait(&d->work, &d->lock);
            d->idle--;
        }
        struct disk_job *job = take(&d->todo);
        pthread_mutex_unlock(&d->lock);
        job->run(job);
        pthread_mutex_lock(&d->lock);
        if (!d->finished.first)
            tell_loop(d);
        append(&d->finished, job);
    }
    return NULL;
}

static void on_finished(void *arg, uint32_t events)
{
    struct disk *d = arg;
    uint64_t n;
    (void)events;
    while (read(d->event_fd, &n, sizeof n) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&d->lock);
    struct disk_job *list = d->finished.first, *next;
    d->finished = (struct list){NULL, &d->finished.first};
    pthread_mutex_unlock(&d->lock);
    for (struct disk_job *job = list; job; job = next) {
        next = job->next;
        job->done(job);
    }
}

static void start_thread(struct disk *d)
{
    sigset_t all, old;
    pthread_attr_t attr;
    pthread_t id;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    d->threads += !pthread_create(&id, &attr, work, d);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct disk *disk_new(struct loop *loop)
{
    struct disk *d = xcalloc(1, sizeof *d);
    *d = (struct disk){.loop = loop, .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (d->event_fd < 0)
        log_fatal("eventfd: %m");
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->work, NULL);
    d->todo.last = &d->todo.first;
    d->finished.last = &d->finished.first;
    loop_watch(loop, &d->watch, d->event_fd, EPOLLIN, on_finished, d);
    return d;
}

void disk_start(struct disk *d, struct disk_job *job)
{
    pthread_mutex_lock(&d->lock);
    if (!d->idle && d->threads < DISK_THREADS)
        start_thread(d);
    if (d->threads) {
        append(&d->todo, job);
        pthread_cond_signal(&d->work);
    }
    bool alone = !d->threads;
    pthread_mutex_unlock(&d->lock);
    if (!alone)
        return;
    job->run(job);
    pthread_mutex_lock(&d->lock);
    append(&d->finished, job);
    pthread_mutex_unlock(&d->lock);
    tell_loop(d);
}
