/*
 * queue_locals.c - asking relayd for deliverers, feeding them, believing them about their own account only.
 *
 *   ASKED --DELIVERER_READY--> READY --3 s without work, an error, a missed deadline--> gone
 *
 * A deliverer may end between two messages; what was sent to it and not answered is given once more to a
 * fresh one, which finds by the unique name what the first had finished.
 */
#include "relay/queue_locals.h"

#include "relay/address_normal.h"
#include "relay/forward_file.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <stdlib.h>

struct local {
    struct local *next;
    struct locals *locals;
    char *account;
    uint32_t id;       /* of the request to relayd */
    struct chan *chan; /* NULL: asked for */
    struct local_job *jobs;
    unsigned in_flight;
    struct timer idle;
};

struct locals {
    struct loop *loop;
    struct chan *master;
    struct local *all;
    unsigned n;
    struct local_job *waiting; /* more accounts than deliverers */
    uint32_t requests;         /* even: queue_remotes.c asks with odd ids */
    uint32_t job_ids;
};

struct locals *locals_new(struct loop *loop, struct chan *master)
{
    struct locals *l = xcalloc(1, sizeof *l);
    l->loop = loop;
    l->master = master;
    return l;
}

static void list_append(struct local_job **list, struct local_job *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static void list_remove(struct local_job **list, struct local_job *job)
{
    while (*list && *list != job)
        list = &(*list)->next;
    if (*list)
        *list = job->next;
}

/* ---- the end of a job, the end of a deliverer ---- */

static void finish(struct local_job *job, enum err_code code, const char *text)
{
    struct local *local = job->at;
    timer_stop(job->locals->loop, &job->deadline);
    list_remove(local ? &local->jobs : &job->locals->waiting, job);
    if (local && job->sent)
        local->in_flight--;
    job->at = NULL;
    job->done(job, code, text);
}

static void assign(struct locals *l, struct local_job *job);

static struct local_job *detach(struct local *local)
{
    struct locals *l = local->locals;
    struct local **p = &l->all;
    while (*p != local)
        p = &(*p)->next;
    *p = local->next;
    l->n--;
    timer_stop(l->loop, &local->idle);
    chan_free(local->chan);
    struct local_job *jobs = local->jobs;
    free(local->account);
    free(local);
    return jobs;
}

static void serve_waiting(struct locals *l)
{
    struct local_job *next, *list = l->waiting;
    if (l->n >= LOCALS_MAX)
        return;
    l->waiting = NULL;
    for (struct local_job *job = list; job; job = next) {
        next = job->next;
        assign(l, job);
    }
}

/* The deliverer is gone: its jobs go to another, once. */
static void lost(struct local *local)
{
    struct locals *l = local->locals;
    struct local_job *next;
    for (struct local_job *job = detach(local); job; job = next) {
        next = job->next;
        job->next = NULL;
        job->at = NULL;
        bool again = !job->sent || !job->again;
        job->again = job->again || job->sent;
        job->sent = false;
        if (again) {
            assign(l, job);
        } else {
            timer_stop(l->loop, &job->deadline);
            job->done(job, ERR_TEMP, "the deliverer ended without an answer");
        }
    }
    serve_waiting(l);
}

static void on_idle(void *arg)
{
    lost(arg);
}

/* A deliverer that does not answer is not asked again soon: it goes, and with it the message's attempt. */
static void on_deadline(void *arg)
{
    struct local_job *job = arg;
    struct local *local = job->at;
    bool sent = job->sent;
    if (local)
        log_warn("%s: its deliverer did not answer within %d s", local->account, LOCALS_DEADLINE_MS / 1000);
    finish(job, ERR_TEMP, "the delivery took too long");
    if (local && sent)
        lost(local);
}

/* ---- talking ---- */

static void send_job(struct local *local, struct local_job *job)
{
    AUTO_MSG struct msg m;
    job->sent = true;
    local->in_flight++;
    msg_init(&m, DELIVER);
    msg_put_u32(&m, job->id);
    msg_put_str(&m, job->unique);
    msg_put_str(&m, job->folder);
    msg_put_u32(&m, job->repeat || job->again);
    msg_put_bytes(&m, job->head);
    msg_put_u64(&m, job->offset);
    msg_put_u64(&m, job->size);
    msg_put_fd(&m, job->fd);
    chan_send(local->chan, &m);
}

static void feed(struct local *local)
{
    if (!local->chan)
        return;
    for (struct local_job *job = local->jobs; job && local->in_flight < LOCALS_IN_FLIGHT; job = job->next)
        if (!job->sent)
            send_job(local, job);
    if (!local->jobs)
        timer_set(local->locals->loop, &local->idle, LOCALS_KEEP_MS);
    else
        timer_stop(local->locals->loop, &local->idle);
}

void locals_forget(struct local_job *job)
{
    for (size_t i = 0; i < job->nforwards; i++)
        free(job->forwards[i]);
    free(job->forwards);
    job->forwards = NULL;
    job->nforwards = 0;
}

static bool take_forwards(struct local_job *job, struct msg_in *in)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    uint32_t n = msg_get_u32(in);
    locals_forget(job);
    if (in->bad || n > FORWARD_MAX)
        return false;
    job->forwards = xcalloc(n + 1, sizeof(char *));
    while (n--) {
        strbuf_clear(&path);
        if (!address_written(&path, msg_get_bytes(in)))
            return false;
        job->forwards[job->nforwards++] = xstrdup(path.data);
    }
    return true;
}

static void delivered(struct local *local, struct msg_in *in)
{
    uint32_t id = msg_get_u32(in), code = msg_get_u32(in);
    char *text = msg_get_str(in);
    struct local_job *job = local->jobs;
    while (job && (job->id != id || !job->sent))
        job = job->next;
    bool good = in->type == DELIVERED && job && code <= ERR_INTERNAL && take_forwards(job, in);
    if (!good || !msg_end(in)) {
        log_warn("%s: its deliverer broke the rules", local->account);
        lost(local);
    } else {
        finish(job, (enum err_code)code, text);
        feed(local);
    }
    free(text);
}

static void on_local(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)ch;
    if (in)
        delivered(arg, in);
    else
        lost(arg);
}

/* ---- asking relayd ---- */

static struct local *ask(struct locals *l, const char *account)
{
    AUTO_MSG struct msg m;
    struct local *local = xcalloc(1, sizeof *local);
    *local =
        (struct local){.locals = l, .account = xstrdup(account), .id = (l->requests += 2), .next = l->all};
    timer_init(&local->idle, on_idle, local);
    l->all = local;
    l->n++;
    msg_init(&m, DELIVERER);
    msg_put_u32(&m, local->id);
    msg_put_str(&m, account);
    chan_send(l->master, &m);
    return local;
}

static struct local *find(struct locals *l, const char *account)
{
    struct local *local = l->all;
    while (local && strcmp(local->account, account))
        local = local->next;
    return local;
}

static void evict_idle(struct locals *l)
{
    for (struct local *local = l->all; local; local = local->next)
        if (local->chan && !local->jobs) {
            lost(local);
            return;
        }
}

static void assign(struct locals *l, struct local_job *job)
{
    struct local *local = find(l, job->account);
    if (!local && l->n >= LOCALS_MAX)
        evict_idle(l);
    if (!local && l->n < LOCALS_MAX)
        local = ask(l, job->account);
    job->at = local;
    list_append(local ? &local->jobs : &l->waiting, job);
    if (local)
        feed(local);
}

void locals_deliver(struct locals *l, struct local_job *job)
{
    job->locals = l;
    job->sent = job->again = false;
    job->id = ++l->job_ids;
    timer_init(&job->deadline, on_deadline, job);
    timer_set(l->loop, &job->deadline, LOCALS_DEADLINE_MS);
    assign(l, job);
}

static struct local *find_asked(struct locals *l, uint32_t id)
{
    struct local *local = l->all;
    while (local && (local->id != id || local->chan))
        local = local->next;
    return local;
}

bool locals_ready(struct locals *l, uint32_t id, int fd)
{
    struct local *local = find_asked(l, id);
    if (!local)
        return false;
    local->chan = chan_new(l->loop, fd, on_local, local);
    feed(local);
    return true;
}

bool locals_failed(struct locals *l, uint32_t id, bool permanent, const char *text)
{
    struct local *local = find_asked(l, id);
    struct local_job *next;
    if (!local)
        return false;
    log_warn("no deliverer for %s: %s", local->account, text);
    for (struct local_job *job = detach(local); job; job = next) {
        next = job->next;
        job->next = NULL;
        job->at = NULL;
        timer_stop(l->loop, &job->deadline);
        job->done(job, permanent ? ERR_NOTFOUND : ERR_TEMP, text);
    }
    serve_waiting(l);
    return true;
}
