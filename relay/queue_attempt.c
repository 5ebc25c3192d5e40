/*
 * queue_attempt.c - routing and delivering, all recipients of a message at once.
 *
 * The same code serves a transaction of smtp (verdicts become its reply) and a message in the spool (verdicts
 * go to its journal). A leg is one recipient's way: its lookup, then its delivery. Two recipients that lead
 * to one account are one delivery: the second has the first one's verdict.
 */
#include "relay/queue_attempt.h"

#include "relay/queue_locals.h"
#include "relay/queue_onward.h"
#include "relay/queue_remotes.h"
#include "relay/queue_trace.h"

#include "base/fs.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct attempt_leg {
    struct attempt *attempt;
    struct recipient *rcpt;
    struct local_job job;
    struct strbuf head;
    char unique[48];
    struct attempt_leg *same; /* delivered together with this one */
};

/* ---- verdicts ---- */

void attempt_verdict(struct recipient *r, enum err_code code)
{
    static const struct {
        int code;
        const char *text;
    } table[] = {
        [ERR_OK] = {250, "2.1.5 Delivered"},
        [ERR_NOTFOUND] = {451, "4.2.1 Mailbox not available"},
        [ERR_EXISTS] = {451, "4.2.0 Mailbox not available"},
        [ERR_ACCESS] = {451, "4.2.1 Mailbox cannot be written"},
        [ERR_QUOTA] = {552, "5.2.2 Mailbox is full"},
        [ERR_SPACE] = {452, "4.3.1 Not enough disk space"},
        [ERR_LIMIT] = {552, "5.2.3 Message over a limit of the mailbox"},
        [ERR_INVALID] = {554, "5.6.0 Message cannot be stored"},
        [ERR_CORRUPT] = {451, "4.2.0 Mailbox needs its operator"},
        [ERR_BUSY] = {451, "4.2.0 Mailbox is busy"},
        [ERR_TEMP] = {451, "4.3.0 Delivery failed for now"},
        [ERR_INTERNAL] = {451, "4.3.5 Delivery failed for now"},
    };
    recipient_verdict(r, table[code].code, table[code].text);
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static double seconds(uint64_t from, uint64_t to)
{
    return to > from ? (double)(to - from) / 1e6 : 0;
}

/* delays: until this attempt, until its deliveries began, until the verdict. */
static void log_verdict(const struct attempt *a, const struct recipient *r)
{
    const char *word = r->code < 300 ? "delivered" : r->code < 500 ? "deferred" : "failed";
    const char *relay = r->kind == RECIPIENT_LOCAL    ? "local"
                        : r->kind == RECIPIENT_REMOTE ? a->q->smarthost.address
                                                      : NULL;
    uint64_t arrived = store_id_us(a->env->id), now = now_us();
    log_info("%s: from=<%s> to=<%s> status=%s%s%s relay=%s delay=%.3f delays=%.3f/%.3f/%.3f reply=\"%d %s\"",
             a->env->id, a->env->reverse_path, r->address, word, *r->account ? " account=" : "", r->account,
             relay ? relay : "none", seconds(arrived, now), seconds(arrived, a->began),
             seconds(a->began, a->routed), seconds(a->routed, now), r->code, r->text);
}

/* ---- the end ---- */

static void finish(void *arg)
{
    struct attempt *a = arg;
    for (size_t i = 0; i < a->env->nrcpts; i++) {
        struct attempt_leg *leg = &a->legs[i];
        if (leg->same)
            recipient_verdict(leg->rcpt, leg->same->rcpt->code, leg->same->rcpt->text);
        if (leg->rcpt && leg->rcpt->code)
            log_verdict(a, leg->rcpt);
        strbuf_done(&leg->head);
    }
    free(a->legs);
    free(a->remote_rcpts);
    free(a->remote_jobs);
    strbuf_done(&a->srs);
    strbuf_done(&a->start);
    a->done(a);
}

static void release(struct attempt *a)
{
    if (--a->pending)
        return;
    timer_init(&a->timer, finish, a);
    timer_set(a->q->loop, &a->timer, 0);
}

/* ---- delivering ---- */

static void on_onward(void *arg, int code, const char *text)
{
    struct attempt_leg *leg = arg;
    recipient_verdict(leg->rcpt, code, text);
    release(leg->attempt);
}

static void send_onward(struct attempt_leg *leg, const struct route_target *targets, size_t n,
                        const char *delivered_to)
{
    const struct attempt *a = leg->attempt;
    struct onward what = {.q = a->q,
                          .env = a->env,
                          .from = leg->rcpt,
                          .content = &a->content,
                          .targets = targets,
                          .n = n,
                          .delivered_to = delivered_to};
    leg->attempt->pending++;
    if (onward_start(&what, on_onward, leg))
        return;
    leg->attempt->pending--;
    recipient_verdict(leg->rcpt, 451, "4.3.0 The message cannot be passed on now");
}

/* The user's ~/.forward names these, as a user's word: each is looked at like any address. */
static void forward(struct attempt_leg *leg, const struct local_job *job)
{
    AUTO_STRBUF struct strbuf address = STRBUF_INIT(1024);
    struct route_target *targets = xcalloc(job->nforwards, sizeof *targets);
    trace_address(&address, leg->rcpt->account, leg->attempt->q->route.hostname);
    for (size_t i = 0; i < job->nforwards; i++)
        targets[i] = (struct route_target){.kind = RECIPIENT_UNROUTED,
                                           .address = job->forwards[i],
                                           .account = (char *)"",
                                           .folder = (char *)"",
                                           .forwarded = true};
    send_onward(leg, targets, job->nforwards, address.data);
    free(targets);
}

static void on_local(struct local_job *job, enum err_code code, const char *text)
{
    struct attempt_leg *leg = job->arg;
    if (code != ERR_OK)
        log_debug("%s: %s: %s: %s", leg->attempt->env->id, leg->rcpt->account, err_word(code), text);
    attempt_verdict(leg->rcpt, code);
    if (code == ERR_OK && job->nforwards)
        forward(leg, job);
    locals_forget(job);
    release(leg->attempt);
}

static void on_remote(struct outbound *job)
{
    release(job->arg);
}

static struct attempt_leg *same_account(struct attempt *a, const struct attempt_leg *leg)
{
    for (struct attempt_leg *l = a->legs; l < leg; l++)
        if (l->rcpt && l->rcpt->kind == RECIPIENT_LOCAL && !l->same &&
            !strcmp(l->rcpt->account, leg->rcpt->account))
            return l;
    return NULL;
}

static void deliver_local(struct attempt *a, struct attempt_leg *leg)
{
    AUTO_STRBUF struct strbuf address = STRBUF_INIT(1024);
    leg->same = same_account(a, leg);
    if (leg->same)
        return;
    trace_address(&address, leg->rcpt->account, a->q->route.hostname);
    if (trace_loops(strbuf_bytes(&a->start), strbuf_bytes(&address))) {
        recipient_verdict(leg->rcpt, 554, "5.4.6 Mail loop: it has been delivered to this mailbox before");
        return;
    }
    trace_delivery(&leg->head, a->env->reverse_path, address.data);
    strbuf_addb(&leg->head, a->content.prefix);
    snprintf(leg->unique, sizeof leg->unique, "%sr%x", a->env->id, leg->rcpt->number);
    leg->job = (struct local_job){.account = leg->rcpt->account,
                                  .unique = leg->unique,
                                  .head = strbuf_bytes(&leg->head),
                                  .fd = a->content.fd,
                                  .offset = a->content.offset,
                                  .size = a->content.size,
                                  .folder = leg->rcpt->folder,
                                  .repeat = a->repeat,
                                  .done = on_local,
                                  .arg = leg};
    a->pending++;
    locals_deliver(a->q->locals, &leg->job);
}

/* What is forwarded, as the rest, but from an address of ours. */
static void deliver_remote(struct attempt *a)
{
    const struct route_rules *rules = &a->q->route;
    size_t plain = 0;
    for (size_t i = 0; i < a->nremote; i++)
        if (!a->remote_rcpts[i]->forwarded) {
            struct recipient *r = a->remote_rcpts[plain];
            a->remote_rcpts[plain++] = a->remote_rcpts[i];
            a->remote_rcpts[i] = r;
        }
    bool rewritten = plain < a->nremote && rules->srs_domain &&
                     !route_own_sender(rules, bytes_of(a->env->reverse_path)) &&
                     srs_encode(&a->srs, rules->srs_key, (time_t)queue_now(), bytes_of(a->env->reverse_path),
                                rules->srs_domain);
    a->remote_jobs = xcalloc(2, sizeof *a->remote_jobs);
    for (size_t k = 0; k < 2; k++) {
        size_t n = k ? a->nremote - plain : plain;
        a->remote_jobs[k] =
            (struct outbound){.env = a->env,
                              .reverse_path = k && rewritten ? a->srs.data : a->env->reverse_path,
                              .rcpts = a->remote_rcpts + (k ? plain : 0),
                              .nrcpts = n,
                              .fd = a->content.fd,
                              .offset = a->content.offset,
                              .size = a->content.size,
                              .done = on_remote,
                              .arg = a};
        if (!n)
            continue;
        a->pending++;
        remotes_send(a->q->remotes, &a->remote_jobs[k]);
    }
}

static void deliver_all(struct attempt *a)
{
    a->pending = 1;
    a->routed = now_us();
    for (size_t i = 0; i < a->env->nrcpts; i++) {
        struct attempt_leg *leg = &a->legs[i];
        if (!leg->rcpt || leg->rcpt->code)
            continue;
        if (leg->rcpt->kind == RECIPIENT_LOCAL)
            deliver_local(a, leg);
        else if (a->remote)
            a->remote_rcpts[a->nremote++] = leg->rcpt;
    }
    deliver_remote(a);
    release(a);
}

/* ---- routing ---- */

static void routed(struct attempt *a)
{
    if (--a->pending == 0)
        deliver_all(a);
}

static void elsewhere(struct attempt_leg *leg)
{
    if (leg->attempt->q->smarthost.address)
        leg->rcpt->kind = RECIPIENT_REMOTE;
    else
        recipient_verdict(leg->rcpt, 550, "5.3.2 No route: this server has no smarthost configured");
}

static char *replaced(char *old, const char *s)
{
    char *copy = *s ? xstrdup(s) : NULL;
    free(old);
    return copy;
}

/* One target takes the recipient's place, for this attempt; several are a message of their own. */
static void on_targets(struct attempt_leg *leg, const struct route *route)
{
    struct recipient *r = leg->rcpt;
    const struct route_target *t = route->targets;
    if (route->n > 1) {
        send_onward(leg, t, route->n, NULL);
        return;
    }
    r->forwarded = r->forwarded || t->forwarded;
    r->folder = replaced(r->folder, t->folder);
    if (t->kind == RECIPIENT_LOCAL) {
        free(r->account);
        r->account = xstrdup(t->account);
        r->kind = RECIPIENT_LOCAL;
    } else {
        r->address = replaced(r->address, t->address);
        elsewhere(leg);
    }
}

static void on_route(const struct route *route, void *arg)
{
    static const struct {
        int code;
        const char *text;
    } refusals[] = {
        [ROUTE_UNKNOWN] = {550, "5.1.1 No such user here"},
        [ROUTE_INVALID] = {550, "5.1.3 Not an address"},
        [ROUTE_LATER] = {451, "4.3.0 The accounts cannot be looked up now"},
    };
    struct attempt_leg *leg = arg;
    if (route->kind == ROUTE_LOCAL)
        on_targets(leg, route);
    else if (route->kind == ROUTE_REMOTE)
        elsewhere(leg);
    else
        recipient_verdict(leg->rcpt, refusals[route->kind].code, refusals[route->kind].text);
    routed(leg->attempt);
}

static void read_start(struct attempt *a)
{
    size_t want = a->content.size < TRACE_HEADER_MAX ? a->content.size : TRACE_HEADER_MAX;
    strbuf_init(&a->start, TRACE_HEADER_MAX + a->content.prefix.n);
    strbuf_addb(&a->start, a->content.prefix);
    ssize_t n =
        want ? fs_pread_all(a->content.fd, strbuf_room(&a->start, want), want, (off_t)a->content.offset) : 0;
    if (n > 0)
        strbuf_extend(&a->start, (size_t)n);
}

/* Too many hops: no recipient is tried. */
static void refuse_hops(struct attempt *a)
{
    if (trace_hops(strbuf_bytes(&a->start)) <= TRACE_HOPS_MAX)
        return;
    for (size_t i = 0; i < a->env->nrcpts; i++)
        if (a->legs[i].rcpt)
            recipient_verdict(a->legs[i].rcpt, 554, "5.4.6 Mail loop: too many Received lines");
}

void attempt_start(struct attempt *a)
{
    struct envelope *env = a->env;
    a->legs = xcalloc(env->nrcpts + 1, sizeof *a->legs);
    a->remote_rcpts = xcalloc(env->nrcpts + 1, sizeof(struct recipient *));
    a->nremote = 0;
    a->remote_jobs = NULL;
    strbuf_init(&a->srs, ENVELOPE_PATH_MAX);
    a->pending = 1;
    a->began = now_us();
    read_start(a);
    for (size_t i = 0; i < env->nrcpts; i++) {
        struct attempt_leg *leg = &a->legs[i];
        *leg = (struct attempt_leg){.attempt = a};
        strbuf_init(&leg->head, 8192);
        if (recipient_final(&env->rcpts[i]))
            continue;
        leg->rcpt = &env->rcpts[i];
        leg->rcpt->code = 0;
    }
    refuse_hops(a);
    for (size_t i = 0; i < env->nrcpts; i++) {
        struct attempt_leg *leg = &a->legs[i];
        if (!leg->rcpt || leg->rcpt->code || leg->rcpt->kind != RECIPIENT_UNROUTED)
            continue;
        a->pending++;
        route_start(a->q->loop, a->q->lookup, &a->q->route, bytes_of(leg->rcpt->address), on_route, leg);
    }
    routed(a);
}
