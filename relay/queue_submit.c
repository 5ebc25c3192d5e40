/*
 * queue_submit.c - a message from a user of this machine, whose uid the kernel names.
 *
 * The message comes as a memfd sealed against every change. Its sender is the account of that uid unless the
 * user says another (-f); the Received line tells the uid either way. Recipients are looked up like those of
 * a transaction; what must wait is kept, since cron does not come again.
 */
#include "relay/queue_submit.h"

#include "relay/queue_handin.h"
#include "relay/queue_list.h"
#include "relay/queue_runner.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FLAG_NULL_SENDER 1u

struct submit_conn {
    struct submit_conn *next, **prev;
    struct queue *q;
    struct chan *chan;
    uid_t uid;
    struct timer deadline;
    struct route_request *route; /* of an address that is asked about */
    struct handin handin;        /* a message of its */
};

static struct submit_conn *all;
static unsigned count;

static void end(struct submit_conn *c)
{
    timer_stop(c->q->loop, &c->deadline);
    route_cancel(c->route);
    handin_cancel(&c->handin);
    *c->prev = c->next;
    if (c->next)
        c->next->prev = c->prev;
    count--;
    chan_free(c->chan);
    free(c);
}

static void on_deadline(void *arg)
{
    end(arg);
}

static void reply(struct submit_conn *c, int code, const char *text)
{
    AUTO_MSG struct msg m;
    msg_init(&m, SUBMIT_REPLY);
    msg_put_u32(&m, (uint32_t)code);
    msg_put_str(&m, text);
    chan_send(c->chan, &m);
}

static void committed(void *arg, int code, const char *text)
{
    reply(arg, code, text);
}

/* ---- what the user gave us ---- */

/* Nobody may change it any more; its size, or -1. */
static int64_t sealed_size(int fd)
{
    struct stat st;
    int need = F_SEAL_WRITE | F_SEAL_SHRINK, seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & need) == need && !fstat(fd, &st) ? st.st_size : -1;
}

/* NULL, or the complaint. */
static const char *take_message(struct submit_conn *c, struct msg_in *in)
{
    struct commit *k = c->handin.commit;
    struct bytes path = msg_get_bytes(in);
    c->handin.null_sender = msg_get_u32(in) & FLAG_NULL_SENDER;
    struct bytes origin = msg_get_bytes(in);
    uint32_t ret = msg_get_u32(in);
    struct bytes envid = msg_get_bytes(in);
    uint32_t notify = msg_get_u32(in), n = msg_get_u32(in);
    if (in->bad || n == 0 || n > ENVELOPE_RCPT_MAX)
        return "5.5.3 No recipients, or too many";
    if (!handin_path_ok(path))
        return "5.1.7 The sender is not an address";
    free(k->env.reverse_path);
    k->env.reverse_path = bytes_dup(path);
    if (!handin_path_ok(envid) || envid.n > ENVELOPE_ENVID_MAX || ret > RET_FULL || notify > NOTIFY_ALL)
        return "5.5.4 What is asked of reports is malformed";
    free(k->env.envid);
    k->env.envid = bytes_dup(envid);
    k->env.ret = (enum envelope_ret)ret;
    if (handin_path_ok(origin)) { /* for people to read: it is not believed */
        free(k->env.origin);
        k->env.origin = bytes_dup(origin);
    }
    for (uint32_t i = 0; i < n; i++) {
        path = msg_get_bytes(in);
        if (!path.n || !handin_path_ok(path))
            return "5.1.3 A recipient is not an address";
        envelope_add_dsn(&k->env, RECIPIENT_UNROUTED, path, "", notify, BYTES(""));
    }
    k->fd = msg_get_fd(in);
    int64_t size = k->fd < 0 ? -1 : sealed_size(k->fd);
    if (size < 0 || !msg_end(in))
        return "5.5.0 The message is not in a sealed memory file";
    k->size = (uint64_t)size;
    return k->size > c->q->message_size ? "5.3.4 Message too big" : NULL;
}

static void submit(struct submit_conn *c, struct msg_in *in)
{
    c->handin = (struct handin){
        .commit = commit_new(c->q), .uid = c->uid, .way = "sendmail", .done = committed, .arg = c};
    const char *wrong = take_message(c, in);
    if (!wrong) {
        handin_start(&c->handin);
        return;
    }
    commit_free(TAKE_PTR(c->handin.commit));
    reply(c, 554, wrong);
}

/* ---- the connection ---- */

static void flush(struct submit_conn *c)
{
    if (!list_may_see_all(c->uid)) {
        reply(c, 550, "5.7.1 Only root may do that");
        return;
    }
    runner_flush(c->q->runner);
    reply(c, 250, "2.0.0 Trying all now");
}

static void verified(const struct route *route, void *arg)
{
    static const struct {
        int code;
        const char *text;
    } answers[] = {
        [ROUTE_LOCAL] = {250, "2.1.5 Mail for it is taken"},
        [ROUTE_REMOTE] = {250, "2.1.5 It is elsewhere; mail for it is relayed"},
        [ROUTE_UNKNOWN] = {550, "5.1.1 No such user here"},
        [ROUTE_INVALID] = {553, "5.1.3 Not an address"},
        [ROUTE_LATER] = {451, "4.3.0 The accounts cannot be looked up now"},
    };
    struct submit_conn *c = arg;
    c->route = NULL;
    reply(c, answers[route->kind].code, answers[route->kind].text);
}

static void verify(struct submit_conn *c, struct msg_in *in)
{
    struct bytes path = msg_get_bytes(in);
    if (msg_end(in) && handin_path_ok(path))
        c->route = route_start(c->q->loop, c->q->lookup, &c->q->route, path, verified, c);
    else
        reply(c, 553, "5.1.3 Not an address");
}

static void order(struct submit_conn *c, struct msg_in *in)
{
    uint32_t what = msg_get_u32(in), n = msg_get_u32(in), done = 0;
    char text[24];
    if (!list_may_see_all(c->uid) || what > RUNNER_DELETE || n > ORDER_IDS_MAX) {
        reply(c, 550, "5.7.1 Only root may do that");
        return;
    }
    for (; n && !in->bad; n--) {
        AUTO_FREE char *id = msg_get_str(in);
        done += runner_order(c->q->runner, (enum runner_order)what, id);
    }
    snprintf(text, sizeof text, "%u", done);
    reply(c, 250, text);
}

static void on_record(struct chan *ch, struct msg_in *in, void *arg)
{
    struct submit_conn *c = arg;
    (void)ch;
    if (!in || c->handin.commit || c->route)
        end(c);
    else if (in->type == SUBMIT)
        submit(c, in);
    else if (in->type == VERIFY)
        verify(c, in);
    else if (in->type == LIST && msg_end(in))
        list_answer(c->q, c->chan, c->uid);
    else if (in->type == FLUSH && msg_end(in))
        flush(c);
    else if (in->type == ORDER)
        order(c, in);
    else
        end(c);
}

static unsigned conns_of(uid_t uid)
{
    unsigned n = 0;
    for (const struct submit_conn *c = all; c; c = c->next)
        n += c->uid == uid;
    return n;
}

void submit_accept(struct queue *q, int fd)
{
    struct submit_conn *c = xcalloc(1, sizeof *c);
    pid_t pid;
    *c = (struct submit_conn){.q = q, .next = all, .prev = &all, .uid = (uid_t)-1};
    if (all)
        all->prev = &c->next;
    all = c;
    count++;
    timer_init(&c->deadline, on_deadline, c);
    timer_set(q->loop, &c->deadline, SUBMIT_DEADLINE);
    c->chan = chan_new(q->loop, fd, on_record, c);
    bool known = chan_peer(c->chan, &c->uid, &pid) == 0;
    if (!known || count > SUBMIT_CONNS_MAX || (c->uid && conns_of(c->uid) > SUBMIT_CONNS_UID)) {
        if (known)
            reply(c, 451, "4.3.2 Too many messages are being handed in just now");
        end(c);
    }
}
