/*
 * queue_runner.c - from "due" to a new verdict in the journal, states S4 to S8 of queue_store.c.
 *
 *   WAITING --due--> IN LINE --its sender's turn, a free place--> TRIED --> WAITING, or gone
 *   HELD    --released--> WAITING
 *
 * Memory holds an id, a time and a sender's key for each message; the rest is read when its turn comes. Who sent a message
 * that start-up found is known when it is due for the first time. When a message is over: reports are made durable first,
 * then the journal, then the message goes: a crash in between tells a sender twice, never not at all.
 */
#include "relay/queue_runner.h"

#include "relay/queue_attempt.h"
#include "relay/queue_fair.h"
#include "relay/queue_remotes.h"
#include "relay/queue_report.h"

#include "base/log.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define STARTS_PER_ROUND 20
#define BUCKETS          16384

struct waiting {
    struct schedule_entry entry; /* in the heap: waiting */
    struct fair_entry turn;      /* in line, or being tried */
    struct waiting *next, **prev, *chain;
    struct trial *trial; /* while it is tried */
    uint64_t sender;     /* 0: not known yet */
    char id[STORE_ID_LEN + 1];
    bool hurry, held, doomed; /* doomed: to be deleted behind the trial */
    bool fresh;               /* no delivery of it was begun yet */
};

/* What a message needs while it is tried. */
struct trial {
    struct waiting *w;
    struct runner *runner;
    struct spooled message;
    struct attempt attempt;
    bool *was_final; /* in the journal before this attempt */
    struct report report;
    struct strbuf records;
    struct disk_job disk;
    struct err failed;
    bool reported, over;
};

struct runner {
    struct queue *q;
    struct schedule due;
    struct fair line;
    struct waiting *all, **last, *buckets[BUCKETS];
    size_t n;
    unsigned active;
    bool stopped, stuck; /* stuck: whoever is in line has all the places that one may have */
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

uint64_t runner_sender(const struct envelope *env)
{
    char uid[24];
    snprintf(uid, sizeof uid, "uid %u", env->owner);
    return fair_key(*env->login ? env->login : env->owner != ENVELOPE_STRANGER ? uid : env->reverse_path);
}

static void set_timer(struct runner *r)
{
    const struct schedule_entry *first = schedule_first(&r->due);
    uint64_t now = queue_now();
    timer_stop(r->q->loop, &r->timer);
    bool ready = r->line.n && !r->stuck && r->active < RUNNER_ACTIVE_MAX;
    if ((!first && !ready) || r->stopped)
        return;
    uint64_t wait = ready || first->due <= now ? 0 : first->due - now;
    timer_set(r->q->loop, &r->timer,
              wait > 60 ? 60000 /* the wall clock may jump: look each minute */
              : wait    ? wait * 1000
                        : 1); /* others first: there may be a hundred thousand */
}

/* ---- what waits ---- */

static struct waiting **find(struct runner *r, const char *id)
{
    struct waiting **p = &r->buckets[fair_key(id) % BUCKETS];
    while (*p && strcmp((*p)->id, id))
        p = &(*p)->chain;
    return p;
}

static struct waiting *add(struct runner *r, const char *id)
{
    struct waiting *w = xcalloc(1, sizeof *w), **bucket = find(r, id);
    w->prev = r->last;
    snprintf(w->id, sizeof w->id, "%s", id);
    w->chain = *bucket;
    *bucket = w;
    *r->last = w;
    r->last = &w->next;
    r->n++;
    return w;
}

void runner_add(struct runner *r, const struct envelope *env, uint64_t wait, bool fresh)
{
    struct waiting *w = add(r, env->id);
    w->sender = runner_sender(env);
    w->fresh = fresh;
    w->held = *env->held;
    if (!w->held)
        schedule_add(&r->due, &w->entry, wait ? queue_now() + wait : 0);
    set_timer(r);
}

static void found(const char *id, void *arg)
{
    struct runner *r = arg;
    schedule_add(&r->due, &add(r, id)->entry,
                 store_id_time(id)); /* in the past: due, in the order of arrival */
}

int runner_scan(struct runner *r, struct err *e)
{
    int failed = store_scan(r->q->store, found, r, e);
    if (r->n)
        log_info("%zu messages wait in the spool", r->n);
    set_timer(r);
    return failed;
}

static void forget(struct runner *r, struct waiting *w)
{
    schedule_remove(&r->due, &w->entry);
    fair_finish(&r->line, &w->turn);
    *find(r, w->id) = w->chain;
    *w->prev = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        r->last = w->prev;
    r->n--;
    free(w);
}

static void remove_message(struct runner *r, struct waiting *w)
{
    struct err e;
    if (store_remove(r->q->store, w->id, &e))
        log_error("%s", e.text);
    forget(r, w);
}

/* ---- the end of an attempt: reports and the journal, in a thread ---- */

static void expire(struct trial *t)
{
    struct envelope *env = &t->message.env;
    for (size_t i = 0; i < env->nrcpts; i++) {
        struct recipient *r = &env->rcpts[i];
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
        if (recipient_final(r))
            continue;
        strbuf_addf(&text, "5.4.7 Given up after %llu hours; the last answer was: %s",
                    (unsigned long long)(t->runner->q->schedule.expire / 3600), r->text ? r->text : "none");
        recipient_verdict(r, 554, text.data);
        log_info("%s: to=<%s> status=expired reply=\"%d %s\"", env->id, r->address, r->code, r->text);
    }
}

/* About what this attempt made final, and what is late for the first time. */
static void make_report(struct trial *t, bool late)
{
    struct envelope *env = &t->message.env;
    const struct recipient **rcpts = xcalloc(env->nrcpts + 1, sizeof(struct recipient *));
    size_t n = 0;
    for (size_t i = 0; i < env->nrcpts; i++)
        if (!t->was_final[i])
            rcpts[n++] = &env->rcpts[i];
    report_make(&t->report, t->runner->q, env, &t->attempt.content, rcpts, n, late);
    free(rcpts);
}

/* Returns how many recipients still wait. */
static size_t make_records(struct trial *t, bool late)
{
    struct envelope *env = &t->message.env;
    size_t open = 0;
    for (size_t i = 0; i < env->nrcpts; i++) {
        const struct recipient *r = &env->rcpts[i];
        if (r->code && !t->was_final[i])
            journal_put_verdict(&t->records, r->number, (uint32_t)r->code, r->text);
        open += !recipient_final(r);
    }
    if (late)
        journal_put_delay(&t->records, queue_now());
    journal_put_attempt(&t->records, queue_now());
    return open;
}

static void write_down(struct disk_job *job)
{
    struct trial *t = (struct trial *)(void *)((char *)job - offsetof(struct trial, disk));
    struct store *store = t->runner->q->store;
    const char *id = t->message.env.id;
    t->failed.code = ERR_OK;
    if (report_put(&t->report, store, &t->failed))
        return;
    t->reported = true;
    struct err e;
    if (t->over && store_remove(store, id, &t->failed)) /* next time: nobody gets it again meanwhile */
        store_append(store, id, strbuf_bytes(&t->records), true, &e);
    else if (!t->over)
        store_append(store, id, strbuf_bytes(&t->records), true, &t->failed);
}

static void trial_free(struct trial *t)
{
    struct runner *r = t->runner;
    report_done(&t->report);
    strbuf_done(&t->records);
    spooled_done(&t->message);
    free(t->was_final);
    free(t);
    r->active--;
}

/* When it is tried again; what could not be reported or written is tried as if it had not been. */
static uint64_t next_try(const struct trial *t)
{
    const struct schedule_rules *rules = &t->runner->q->schedule;
    uint64_t now = queue_now();
    if (t->w->hurry)
        return now;
    if (!t->reported)
        return now + rules->retry_first;
    return schedule_next(rules, t->message.env.arrived, t->message.tried.attempts + 1, now, now);
}

static void written(struct disk_job *job)
{
    struct trial *t = (struct trial *)(void *)((char *)job - offsetof(struct trial, disk));
    struct runner *r = t->runner;
    struct waiting *w = t->w;
    if (t->failed.code)
        log_error("%s: %s", w->id, t->failed.text);
    if (t->reported)
        report_send(&t->report, r->q);
    fair_finish(&r->line, &w->turn);
    w->trial = NULL;
    if (t->over && !t->failed.code) {
        log_info("%s: status=removed", w->id);
        forget(r, w);
    } else if (w->doomed) {
        remove_message(r, w);
    } else if (!w->held) {
        schedule_add(&r->due, &w->entry, next_try(t));
    }
    trial_free(t);
    r->stuck = false;
    set_timer(r);
    queue_end(r->q);
}

static void attempt_done(struct attempt *a)
{
    struct trial *t = a->arg;
    const struct schedule_rules *rules = &t->runner->q->schedule;
    uint64_t now = queue_now(), arrived = t->message.env.arrived;
    bool late = !t->message.tried.delay_told && schedule_late(rules, arrived, now);
    if (schedule_expired(rules, arrived, now))
        expire(t);
    make_report(t, late);
    t->over = !make_records(t, late);
    t->disk = (struct disk_job){.run = write_down, .done = written};
    disk_start(t->runner->q->disk, &t->disk);
}

/* ---- the start of an attempt ---- */

/* Not loaded: it is gone, set aside, or looked at again later. */
static void not_loaded(struct runner *r, struct waiting *w, const struct err *e)
{
    log_error("%s%s", e->text, e->code == ERR_CORRUPT ? "; it is moved to damaged/" : "");
    if (e->code == ERR_CORRUPT)
        store_set_aside(r->q->store, w->id);
    fair_finish(&r->line, &w->turn);
    if (e->code == ERR_CORRUPT || e->code == ERR_NOTFOUND)
        forget(r, w);
    else
        schedule_add(&r->due, &w->entry, queue_now() + r->q->schedule.retry_first);
}

/* It has been tried, the sender need not be told yet, and all that is left goes to a destination that does not answer just
 * now: nothing would be learnt. */
static bool in_vain(const struct runner *r, const struct spooled *m, uint64_t now)
{
    const struct schedule_rules *rules = &r->q->schedule;
    bool tell = schedule_expired(rules, m->env.arrived, now) ||
                (!m->tried.delay_told && schedule_late(rules, m->env.arrived, now));
    if (!m->tried.attempts || tell || !remotes_resting(r->q->remotes))
        return false;
    for (size_t i = 0; i < m->env.nrcpts; i++)
        if (!recipient_final(&m->env.rcpts[i]) && m->env.rcpts[i].kind != RECIPIENT_REMOTE)
            return false;
    return true;
}

/* What it is, and whether it may be tried now; else it is held, scheduled or gone. */
static bool load(struct runner *r, struct waiting *w, struct spooled *m)
{
    struct err e;
    uint64_t now = queue_now();
    if (store_load(r->q->store, w->id, m, &e)) {
        not_loaded(r, w, &e);
        return false;
    }
    w->sender = runner_sender(&m->env);
    w->held = m->tried.held;
    uint64_t next = schedule_next(&r->q->schedule, m->env.arrived, m->tried.attempts, m->tried.last, now);
    if (!w->hurry && next <= now && in_vain(r, m, now))
        next = now + schedule_backoff(&r->q->schedule, m->tried.attempts);
    if (!w->held && (w->hurry || next <= now))
        return true;
    fair_finish(&r->line, &w->turn);
    if (!w->held)
        schedule_add(&r->due, &w->entry, next);
    spooled_done(m);
    return false;
}

static void begin(struct runner *r, struct waiting *w)
{
    struct spooled m;
    if (!load(r, w, &m))
        return;
    struct trial *t = xcalloc(1, sizeof *t);
    *t = (struct trial){.w = w, .runner = r, .message = m};
    strbuf_init(&t->records, JOURNAL_MAX);
    struct envelope *env = &t->message.env;
    t->was_final = xcalloc(env->nrcpts + 1, sizeof *t->was_final);
    for (size_t i = 0; i < env->nrcpts; i++)
        t->was_final[i] = recipient_final(&env->rcpts[i]);
    t->attempt = (struct attempt){.q = r->q,
                                  .env = env,
                                  .content = {.fd = m.fd, .offset = m.offset, .size = env->size},
                                  .repeat = !w->fresh,
                                  .remote = true,
                                  .done = attempt_done,
                                  .arg = t};
    w->trial = t;
    w->hurry = w->fresh = false;
    r->active++;
    queue_begin(r->q);
    attempt_start(&t->attempt);
}

/* Into its sender's line; the sender of what start-up found has to be read first. */
static void enter_line(struct runner *r, struct waiting *w)
{
    struct spooled m;
    schedule_remove(&r->due, &w->entry);
    if (!w->sender) {
        if (!load(r, w, &m))
            return;
        spooled_done(&m);
    }
    fair_add(&r->line, &w->turn, w->sender);
    r->stuck = false;
}

static void run(void *arg)
{
    struct runner *r = arg;
    struct fair_entry *turn;
    for (int i = 0; i < STARTS_PER_ROUND && !r->stopped; i++) {
        struct schedule_entry *first = schedule_first(&r->due);
        if (!first || first->due > queue_now())
            break;
        enter_line(r, (struct waiting *)(void *)((char *)first - offsetof(struct waiting, entry)));
    }
    for (int i = 0; i < STARTS_PER_ROUND && !r->stopped && r->active < RUNNER_ACTIVE_MAX; i++) {
        r->stuck = !(turn = fair_take(&r->line, RUNNER_SENDER_MAX));
        if (r->stuck)
            break;
        begin(r, (struct waiting *)(void *)((char *)turn - offsetof(struct waiting, turn)));
    }
    set_timer(r);
}

/* ---- orders ---- */

static void hurry(struct runner *r, struct waiting *w)
{
    w->hurry = true;
    if (!w->trial && !w->turn.sender && !w->held)
        schedule_add(&r->due, &w->entry, 0);
}

void runner_flush(struct runner *r)
{
    remotes_wake(r->q->remotes);
    for (struct waiting *w = r->all; w; w = w->next)
        hurry(r, w);
    set_timer(r);
}

static bool write_held(struct runner *r, struct waiting *w, bool held)
{
    AUTO_STRBUF struct strbuf records = STRBUF_INIT(1024);
    struct err e;
    journal_put_held(&records, held, held ? "by the operator" : "");
    if (store_append(r->q->store, w->id, strbuf_bytes(&records), true, &e)) {
        log_error("%s: %s", w->id, e.text);
        return false;
    }
    w->held = held;
    log_info("%s: status=%s", w->id, held ? "held" : "released");
    return true;
}

bool runner_order(struct runner *r, enum runner_order order, const char *id)
{
    struct waiting *w = *find(r, id);
    if (!w || w->doomed)
        return false;
    if ((order == RUNNER_HOLD || order == RUNNER_RELEASE) && !write_held(r, w, order == RUNNER_HOLD))
        return false;
    if (order == RUNNER_RETRY || order == RUNNER_RELEASE) {
        remotes_wake(r->q->remotes);
        hurry(r, w);
    } else if (!w->trial) {
        schedule_remove(&r->due, &w->entry);
        fair_finish(&r->line, &w->turn);
    }
    if (order == RUNNER_DELETE) {
        log_info("%s: status=deleted by the operator", w->id);
        w->doomed = true;
        if (!w->trial)
            remove_message(r, w);
    }
    set_timer(r);
    return true;
}

void runner_stop(struct runner *r)
{
    r->stopped = true;
    timer_stop(r->q->loop, &r->timer);
}

void runner_each(struct runner *r, bool (*fn)(const char *, uint64_t, bool, void *), void *arg)
{
    for (struct waiting *w = r->all; w; w = w->next)
        if (!fn(w->id, w->entry.due, w->trial, arg))
            return;
}
