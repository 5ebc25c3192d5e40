/*
 * queue_runner.c - from "due" to a new verdict in the journal, states S4 to S8 of queue_store.c.
 *
 * Memory holds an id and a time for each message; the rest is read when its turn comes. When it is over:
 * reports of failures are made durable first, then the journal, then the message goes: a crash in between
 * tells a sender twice, never not at all.
 */
#include "relay/queue_runner.h"

#include "relay/queue_attempt.h"
#include "relay/queue_remotes.h"
#include "relay/queue_report.h"

#include "base/log.h"

#include <stdlib.h>

#define STARTS_PER_ROUND 20

struct waiting {
    struct schedule_entry entry; /* first: the heap's pointer is ours */
    struct waiting *next, **prev;
    struct runner *runner;
    char id[STORE_ID_LEN + 1];
    bool active, hurry;
    bool fresh; /* no delivery of it was begun yet */
    /* while active */
    struct spooled message;
    struct attempt attempt;
    bool *was_final; /* in the journal before this attempt */
};

struct runner {
    struct queue *q;
    struct schedule due;
    struct waiting *all, **last;
    size_t n;
    unsigned active;
    bool stopped;
    struct timer timer;
};

static void run(void *arg);

struct runner *runner_new(struct queue *q)
{
    struct runner *r = xcalloc(1, sizeof *r);
    r->q = q;
    r->last = &r->all;
    timer_init(&r->timer, run, r);
    return r;
}

size_t runner_count(const struct runner *r)
{
    return r->n;
}

static void set_timer(struct runner *r)
{
    const struct schedule_entry *first = schedule_first(&r->due);
    uint64_t now = queue_now();
    timer_stop(r->q->loop, &r->timer);
    if (!first || r->stopped || r->active >= RUNNER_ACTIVE_MAX)
        return;
    uint64_t wait = first->due > now ? first->due - now : 0;
    timer_set(r->q->loop, &r->timer,
              wait > 60 ? 60000 : wait * 1000); /* the wall clock may jump: look each minute */
}

static struct waiting *add(struct runner *r, const char *id, uint64_t due)
{
    struct waiting *w = xcalloc(1, sizeof *w);
    *w = (struct waiting){.runner = r, .prev = r->last};
    memcpy(w->id, id, sizeof w->id - 1);
    *r->last = w;
    r->last = &w->next;
    r->n++;
    schedule_add(&r->due, &w->entry, due);
    return w;
}

void runner_add(struct runner *r, const char *id, uint64_t wait, bool fresh)
{
    add(r, id, wait ? queue_now() + wait : 0)->fresh = fresh;
    set_timer(r);
}

static void found(const char *id, void *arg)
{
    add(arg, id, store_id_time(id)); /* in the past: due, in the order of arrival */
}

int runner_scan(struct runner *r, struct err *e)
{
    int failed = store_scan(r->q->store, found, r, e);
    if (r->n)
        log_info("%zu messages wait in the spool", r->n);
    set_timer(r);
    return failed;
}

static void forget(struct waiting *w)
{
    struct runner *r = w->runner;
    schedule_remove(&r->due, &w->entry);
    *w->prev = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        r->last = w->prev;
    r->n--;
    free(w);
}

/* ---- the end of an attempt ---- */

static void expire(struct waiting *w)
{
    struct envelope *env = &w->message.env;
    for (size_t i = 0; i < env->nrcpts; i++) {
        struct recipient *r = &env->rcpts[i];
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
        if (recipient_final(r))
            continue;
        strbuf_addf(&text, "5.4.7 Given up after %llu hours; the last answer was: %s",
                    (unsigned long long)(w->runner->q->schedule.expire / 3600), r->text ? r->text : "none");
        recipient_verdict(r, 554, text.data);
        log_info("%s: to=<%s> failed: %s", env->id, r->address, r->text);
    }
}

static int report(struct waiting *w)
{
    struct envelope *env = &w->message.env;
    const struct recipient **failed = xcalloc(env->nrcpts + 1, sizeof(struct recipient *));
    size_t n = 0;
    for (size_t i = 0; i < env->nrcpts; i++)
        if (env->rcpts[i].code >= 500 && !w->was_final[i])
            failed[n++] = &env->rcpts[i];
    int r = report_failures(w->runner->q, env, &w->attempt.content, failed, n);
    free(failed);
    return r;
}

/* Returns how many recipients still wait. */
static size_t write_journal(struct waiting *w)
{
    AUTO_STRBUF struct strbuf records = STRBUF_INIT(JOURNAL_MAX);
    struct envelope *env = &w->message.env;
    size_t open = 0;
    struct err e;
    for (size_t i = 0; i < env->nrcpts; i++) {
        const struct recipient *r = &env->rcpts[i];
        if (r->code && !w->was_final[i])
            journal_put_verdict(&records, r->number, (uint32_t)r->code, r->text);
        open += !recipient_final(r);
    }
    journal_put_attempt(&records, queue_now());
    if (open && store_append(w->runner->q->store, w->id, strbuf_bytes(&records), true, &e))
        log_error("%s", e.text);
    return open;
}

static void settle(struct waiting *w)
{
    struct queue *q = w->runner->q;
    uint64_t now = queue_now(), arrived = w->message.env.arrived;
    if (schedule_expired(&q->schedule, arrived, now))
        expire(w);
    if (report(w)) { /* the verdicts are not written: all is tried again */
        schedule_add(&w->runner->due, &w->entry, now + q->schedule.retry_first);
    } else if (write_journal(w)) {
        uint64_t next = schedule_next(&q->schedule, arrived, w->message.tried.attempts + 1, now, now);
        schedule_add(&w->runner->due, &w->entry, w->hurry ? now : next);
    } else {
        store_remove(q->store, w->id);
        log_info("%s: done", w->id); /* not in the heap: the caller forgets it */
    }
}

static void attempt_done(struct attempt *a)
{
    struct waiting *w = a->arg;
    struct runner *r = w->runner;
    settle(w);
    free(w->was_final);
    w->was_final = NULL;
    spooled_done(&w->message);
    w->active = false;
    r->active--;
    if (!w->entry.position)
        forget(w);
    set_timer(r);
    queue_end(r->q);
}

/* ---- the start of an attempt ---- */

/* 0, or -1 when there is nothing to try now (it is scheduled or gone then). */
static int load(struct waiting *w)
{
    struct queue *q = w->runner->q;
    struct err e;
    uint64_t now = queue_now();
    if (store_load(q->store, w->id, &w->message, &e)) {
        log_error("%s%s", e.text, e.code == ERR_CORRUPT ? "; it is moved to corrupt/" : "");
        if (e.code == ERR_CORRUPT)
            store_set_aside(q->store, w->id);
        if (e.code == ERR_CORRUPT || e.code == ERR_NOTFOUND)
            forget(w);
        else
            schedule_add(&w->runner->due, &w->entry, now + q->schedule.retry_first);
        return -1;
    }
    const struct journal_state *tried = &w->message.tried;
    uint64_t next = schedule_next(&q->schedule, w->message.env.arrived, tried->attempts, tried->last, now);
    if (w->hurry || next <= now)
        return 0;
    schedule_add(&w->runner->due, &w->entry, next);
    spooled_done(&w->message);
    return -1;
}

static void begin(struct waiting *w)
{
    struct runner *r = w->runner;
    schedule_remove(&r->due, &w->entry);
    if (load(w))
        return;
    struct envelope *env = &w->message.env;
    w->hurry = false;
    w->active = true;
    r->active++;
    queue_begin(r->q);
    w->was_final = xcalloc(env->nrcpts + 1, sizeof *w->was_final);
    for (size_t i = 0; i < env->nrcpts; i++)
        w->was_final[i] = recipient_final(&env->rcpts[i]);
    w->attempt =
        (struct attempt){.q = r->q,
                         .env = env,
                         .content = {.fd = w->message.fd, .offset = w->message.offset, .size = env->size},
                         .repeat = !w->fresh,
                         .remote = true,
                         .done = attempt_done,
                         .arg = w};
    w->fresh = false;
    attempt_start(&w->attempt);
}

static void run(void *arg)
{
    struct runner *r = arg;
    for (int i = 0; i < STARTS_PER_ROUND && r->active < RUNNER_ACTIVE_MAX; i++) {
        struct schedule_entry *first = schedule_first(&r->due);
        if (!first || first->due > queue_now())
            break;
        begin((struct waiting *)first);
    }
    set_timer(r);
}

/* ---- orders ---- */

void runner_flush(struct runner *r)
{
    remotes_wake(r->q->remotes);
    for (struct waiting *w = r->all; w; w = w->next) {
        w->hurry = true;
        if (!w->active)
            schedule_add(&r->due, &w->entry, 0);
    }
    set_timer(r);
}

void runner_stop(struct runner *r)
{
    r->stopped = true;
    timer_stop(r->q->loop, &r->timer);
}

void runner_each(struct runner *r, bool (*fn)(const char *, uint64_t, bool, void *), void *arg)
{
    for (struct waiting *w = r->all; w; w = w->next)
        if (!fn(w->id, w->entry.due, w->active, arg))
            return;
}
