/*
 * queue_remotes.c - handing messages to senders.
 *
 *   ASKED --DELIVERER_READY--> IDLE <--SENT_ALL-- BUSY
 *   IDLE for 10 s, an error, a missed deadline: gone
 *
 * When the destination cannot be reached at all (4.4.1), the lane rests and what stands in line is told
 * "later" at once, so that a dead smarthost costs one attempt and not one for each message.
 */
#include "relay/queue_remotes.h"

#include "relay/queue_runner.h"

#include "base/log.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct remote {
    struct remote *next;
    struct remotes *remotes;
    uint32_t id;
    struct chan *chan;
    struct outbound *job; /* NULL: idle */
    struct timer idle;
};

struct remotes {
    struct queue *q;
    struct remote *all;
    unsigned n;
    struct fair waiting; /* senders take turns */
    struct schedule_lane lane;
    char rest_reason[300];
    uint32_t requests, job_ids;
};

static void dispatch(struct remotes *rs);

struct remotes *remotes_new(struct queue *q)
{
    struct remotes *rs = xcalloc(1, sizeof *rs);
    rs->q = q;
    rs->requests = 1;
    rs->lane.limit = REMOTES_PER_DESTINATION;
    return rs;
}

bool remotes_resting(const struct remotes *rs)
{
    return lane_resting(&rs->lane, queue_now());
}

void remotes_wake(struct remotes *rs)
{
    lane_answered(&rs->lane);
}

/* ---- the end of a job ---- */

static void finish(struct remotes *rs, struct outbound *job, int code, const char *text)
{
    timer_stop(rs->q->loop, &job->timer);
    for (size_t i = 0; i < job->nrcpts; i++)
        if (!job->answered[i])
            recipient_verdict(job->rcpts[i], code, text);
    free(job->answered);
    job->done(job);
}

static void remove_remote(struct remote *r)
{
    struct remote **p = &r->remotes->all;
    while (*p != r)
        p = &(*p)->next;
    *p = r->next;
    r->remotes->n--;
    timer_stop(r->remotes->q->loop, &r->idle);
    chan_free(r->chan);
    free(r);
}

static void lost(struct remote *r, const char *why)
{
    struct remotes *rs = r->remotes;
    struct outbound *job = r->job;
    remove_remote(r);
    if (job) {
        rs->lane.busy--;
        finish(rs, job, 451, why);
    }
    dispatch(rs);
}

static void on_idle(void *arg)
{
    lost(arg, "");
}

static void on_deadline(void *arg)
{
    struct outbound *job = arg;
    for (struct remote *r = job->remotes->all; r; r = r->next)
        if (r->job == job) {
            log_warn("a sender did not finish within %d minutes", REMOTES_DEADLINE_MS / 60000);
            lost(r, "4.4.7 The delivery took too long");
            return;
        }
}

/* ---- a sender's words ---- */

static void sent(struct remote *r, struct msg_in *in)
{
    uint32_t index = msg_get_u32(in), code = msg_get_u32(in);
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    struct remotes *rs = r->remotes;
    strbuf_addb(&text, msg_get_bytes(in));
    bool relayed = msg_get_u32(in);
    if (in->bad || index >= r->job->nrcpts || code < 200 || code > 599)
        return;
    bool unreachable = code / 100 == 4 && !strncmp(text.data, "4.4.1 ", 6);
    if (unreachable && !lane_resting(&rs->lane, queue_now())) {
        lane_unreachable(&rs->lane, &rs->q->schedule, queue_now());
        snprintf(rs->rest_reason, sizeof rs->rest_reason, "%s", text.data);
    } else if (!unreachable) {
        lane_answered(&rs->lane);
    }
    r->job->answered[index] = true;
    r->job->rcpts[index]->relayed = relayed;
    recipient_verdict(r->job->rcpts[index], (int)code, text.data);
}

static void sent_all(struct remote *r)
{
    struct remotes *rs = r->remotes;
    struct outbound *job = r->job;
    r->job = NULL;
    rs->lane.busy--;
    timer_set(rs->q->loop, &r->idle, REMOTES_KEEP_MS);
    finish(rs, job, 451, "4.3.0 The sender forgot this recipient");
    dispatch(rs);
}

static void on_remote(struct chan *ch, struct msg_in *in, void *arg)
{
    struct remote *r = arg;
    (void)ch;
    if (!in) {
        lost(r, "4.3.0 The sender ended without an answer");
        return;
    }
    uint32_t id = msg_get_u32(in);
    bool known = r->job && r->job->id == id;
    if (known && in->type == SENT)
        sent(r, in);
    else if (!known || in->type != SENT_ALL)
        in->bad = true;
    if (!msg_end(in)) {
        log_warn("a sender broke the rules (record %u)", in->type);
        lost(r, "4.3.0 The sender broke the rules");
    } else if (in->type == SENT_ALL) {
        sent_all(r);
    }
}

/* ---- giving it work ---- */

static void send_job(struct remote *r, struct outbound *job)
{
    AUTO_MSG struct msg m;
    struct remotes *rs = r->remotes;
    const struct smarthost *host = &rs->q->smarthost;
    r->job = job;
    rs->lane.busy++;
    timer_stop(rs->q->loop, &r->idle);
    timer_stop(rs->q->loop, &job->timer); /* it may still be waiting for its start */
    timer_init(&job->timer, on_deadline, job);
    timer_set(rs->q->loop, &job->timer, REMOTES_DEADLINE_MS);
    msg_init(&m, SEND);
    msg_put_u32(&m, job->id);
    msg_put_str(&m, host->address);
    msg_put_u32(&m, host->tls);
    msg_put_str(&m, host->user);
    msg_put_str(&m, host->password);
    msg_put_str(&m, rs->q->route.hostname);
    msg_put_bytes(&m, bytes_of(job->reverse_path));
    msg_put_u32(&m, job->env->ret);
    msg_put_str(&m, job->env->envid);
    msg_put_u32(&m, (uint32_t)job->nrcpts);
    for (size_t i = 0; i < job->nrcpts; i++) {
        msg_put_str(&m, job->rcpts[i]->address);
        msg_put_u32(&m, job->rcpts[i]->notify);
        msg_put_str(&m, job->rcpts[i]->orcpt);
    }
    msg_put_u64(&m, job->offset);
    msg_put_u64(&m, job->size);
    msg_put_fd(&m, job->fd);
    chan_send(r->chan, &m);
}

static void ask(struct remotes *rs)
{
    AUTO_MSG struct msg m;
    struct remote *r = xcalloc(1, sizeof *r);
    *r = (struct remote){.remotes = rs, .id = (rs->requests += 2), .next = rs->all};
    timer_init(&r->idle, on_idle, r);
    rs->all = r;
    rs->n++;
    msg_init(&m, SENDER);
    msg_put_u32(&m, r->id);
    chan_send(rs->q->master, &m);
}

static struct outbound *take_waiting(struct remotes *rs)
{
    struct fair_entry *turn = fair_take(&rs->waiting, UINT_MAX);
    fair_finish(&rs->waiting, turn); /* places here are given one by one */
    return (struct outbound *)(void *)((char *)turn - offsetof(struct outbound, turn));
}

static struct remote *find_idle(struct remotes *rs)
{
    struct remote *r = rs->all;
    while (r && (!r->chan || r->job))
        r = r->next;
    return r;
}

static void dispatch(struct remotes *rs)
{
    while (rs->waiting.n && rs->q->smarthost.address && lane_resting(&rs->lane, queue_now()))
        finish(rs, take_waiting(rs), 451, rs->rest_reason);
    while (rs->waiting.n && !rs->q->smarthost.address)
        finish(rs, take_waiting(rs), 550, "5.3.2 No route: this server has no smarthost configured");
    struct remote *r;
    while (rs->waiting.n && lane_free(&rs->lane) && (r = find_idle(rs)))
        send_job(r, take_waiting(rs));
    unsigned asked = 0;
    for (r = rs->all; r; r = r->next)
        asked += !r->chan;
    if (rs->waiting.n && !asked && rs->n < rs->lane.limit)
        ask(rs);
}

static void start(void *arg)
{
    struct outbound *job = arg;
    dispatch(job->remotes);
}

void remotes_send(struct remotes *rs, struct outbound *job)
{
    job->remotes = rs;
    job->id = ++rs->job_ids;
    job->answered = xcalloc(job->nrcpts + 1, sizeof *job->answered);
    fair_add(&rs->waiting, &job->turn, runner_sender(job->env));
    timer_init(&job->timer, start, job);
    timer_set(rs->q->loop, &job->timer, 0);
}

static struct remote *find_asked(struct remotes *rs, uint32_t id)
{
    struct remote *r = rs->all;
    while (r && (r->id != id || r->chan))
        r = r->next;
    return r;
}

bool remotes_ready(struct remotes *rs, uint32_t id, int fd)
{
    struct remote *r = find_asked(rs, id);
    if (!r)
        return false;
    r->chan = chan_new(rs->q->loop, fd, on_remote, r);
    timer_set(rs->q->loop, &r->idle, REMOTES_KEEP_MS);
    dispatch(rs);
    return true;
}

bool remotes_failed(struct remotes *rs, uint32_t id, const char *text)
{
    struct remote *r = find_asked(rs, id);
    if (!r)
        return false;
    log_error("no sender: %s", text);
    remove_remote(r);
    for (size_t n = rs->waiting.n; n; n--)
        finish(rs, take_waiting(rs), 451, "4.3.0 No sender could be started");
    return true;
}
