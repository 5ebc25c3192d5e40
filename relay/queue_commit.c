/*
 * queue_commit.c - what the sender is told, and what must be durable before.
 *
 *   every recipient delivered    250, nothing of it remains here
 *   all refused for good         5xx to the sender itself, no report (with `absent`: reported)
 *   all refused for now          4xx: the sender comes again (with `keep`: spooled, 250)
 *   by LMTP                      what failed is told for each recipient, and is over; the rest as below
 *   anything else                what waits is spooled, what failed is reported, both durable; then 250
 */
#include "relay/queue_commit.h"

#include "relay/queue_gate.h"
#include "relay/queue_place.h"
#include "relay/queue_runner.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX_MAX 4096

struct count {
    size_t done, refused, later, open;
};

struct commit *commit_new(struct queue *q)
{
    char id[STORE_ID_LEN + 1];
    struct commit *c = xcalloc(1, sizeof *c);
    *c = (struct commit){.q = q, .fd = -1};
    envelope_init(&c->env);
    store_new_id(id);
    free(c->env.id);
    c->env.id = xstrdup(id);
    c->env.arrived = queue_now();
    strbuf_init(&c->prefix, PREFIX_MAX);
    return c;
}

void commit_free(struct commit *c)
{
    if (!c)
        return;
    envelope_done(&c->env);
    cleanup_close(&c->fd);
    place_release(c->memory);
    strbuf_done(&c->prefix);
    verdicts_free(c->verdicts, c->each);
    free(c);
}

static struct count count(const struct envelope *env)
{
    struct count n = {0};
    for (size_t i = 0; i < env->nrcpts; i++) {
        int class = env->rcpts[i].code / 100;
        n.done += class == 2;
        n.refused += class == 5;
        n.later += class == 4;
        n.open += class == 0;
    }
    return n;
}

/* A report about what is final, before anything is written. */
static void make_report(struct commit *c, const struct content *content)
{
    const struct recipient **rcpts = xcalloc(c->env.nrcpts + 1, sizeof(struct recipient *));
    size_t n = 0;
    for (size_t i = 0; i < c->env.nrcpts; i++)
        if (recipient_final(&c->env.rcpts[i]))
            rcpts[n++] = &c->env.rcpts[i];
    report_make(&c->report, c->q, &c->env, content, rcpts, n, false);
    free(rcpts);
}

static void answer(struct commit *c, int code, const char *text)
{
    struct queue *q = c->q;
    if (c->done)
        c->done(c->arg, code, text);
    commit_free(c);
    queue_end(q);
}

static void answer_taken(struct commit *c)
{
    char text[100];
    snprintf(text, sizeof text, "2.0.0 Ok: %s as %s", c->waits ? "queued" : "delivered", c->env.id);
    answer(c, 250, text);
}

/* ---- in a thread: what waits into the spool, what is final into a report ---- */

static void write_down(struct disk_job *job)
{
    struct commit *c = (struct commit *)(void *)((char *)job - offsetof(struct commit, disk));
    struct content content = {
        .fd = c->fd, .offset = c->offset, .size = c->size, .prefix = strbuf_bytes(&c->prefix)};
    c->failed.code = ERR_OK;
    if (c->waits && store_put(c->q->store, &c->env, &content, &c->failed))
        return;
    struct err e;
    if (report_put(&c->report, c->q->store, &c->failed) && c->waits)
        store_remove(c->q->store, c->env.id, &e);
}

static void written(struct disk_job *job)
{
    struct commit *c = (struct commit *)(void *)((char *)job - offsetof(struct commit, disk));
    struct count n = count(&c->env);
    if (c->failed.code) {
        log_error("%s: %s", c->env.id, c->failed.text);
        report_done(&c->report);
        answer(c, 451, "4.3.0 The message cannot be stored now");
        return;
    }
    if (c->waits) {
        log_info("%s: from=<%s> size=%llu recipients=%zu status=%s", c->env.id, c->env.reverse_path,
                 (unsigned long long)c->size, n.later + n.open, *c->env.held ? "held" : "queued");
        runner_add(c->q->runner, &c->env, n.open ? 0 : c->q->schedule.retry_first,
                   c->env.nrcpts > COMMIT_RCPT_MAX);
    }
    report_send(&c->report, c->q);
    report_done(&c->report);
    answer_taken(c);
}

static void settle(struct commit *c)
{
    if (c->each)
        c->verdicts = verdicts_take(&c->env, c->each);
    struct count n = count(&c->env);
    const struct recipient *first = &c->env.rcpts[0];
    struct content content = {
        .fd = c->fd, .offset = c->offset, .size = c->size, .prefix = strbuf_bytes(&c->prefix)};
    bool alike = (n.refused == c->env.nrcpts && !c->absent) || (n.later == c->env.nrcpts && !c->keep);
    if (alike && !c->each) {
        answer(c, first->code, first->text);
        return;
    }
    c->waits = n.later + n.open > 0;
    make_report(c, &content);
    if (!c->waits && !c->report.wanted) {
        answer_taken(c);
        return;
    }
    c->disk = (struct disk_job){.run = write_down, .done = written};
    disk_start(c->q->disk, &c->disk);
}

static void attempted(struct attempt *a)
{
    settle(a->arg);
}

static void refuse(void *arg)
{
    answer(arg, 450, "4.7.1 Sending limit reached: an administrator has to look at what you have sent");
}

static void too_many(void *arg)
{
    settle(arg);
}

void commit_start(struct commit *c)
{
    queue_begin(c->q);
    bool pass = c->counted || gate_pass(c->q, &c->env, &c->limits);
    c->attempt = (struct attempt){
        .q = c->q,
        .env = &c->env,
        .content = {.fd = c->fd, .offset = c->offset, .size = c->size, .prefix = strbuf_bytes(&c->prefix)},
        .done = attempted,
        .arg = c};
    if (pass && c->env.nrcpts <= COMMIT_RCPT_MAX && !*c->env.held) {
        attempt_start(&c->attempt);
        return;
    }
    timer_init(&c->attempt.timer, pass ? too_many : refuse, c);
    timer_set(c->q->loop, &c->attempt.timer, 0);
}
