/*
 * queue_submit.c - a message from a user of this machine, whose uid the kernel names.
 *
 * The message comes as a memfd sealed against every change. Its sender is the account of that uid unless the
 * user says another (-f); the Received line tells the uid either way. Recipients are looked up like those of
 * a transaction; what must wait is kept, since cron does not come again.
 */
#include "relay/queue_submit.h"

#include "relay/queue_commit.h"
#include "relay/queue_gate.h"
#include "relay/queue_list.h"
#include "relay/queue_runner.h"
#include "relay/queue_trace.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
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
    bool looking_up, null_sender;
    struct route_request *route; /* of an address that is asked about */
    struct commit *commit;       /* being prepared (looking_up) or in progress */
};

static struct submit_conn *all;
static unsigned count;

static void end(struct submit_conn *c)
{
    timer_stop(c->q->loop, &c->deadline);
    route_cancel(c->route);
    if (c->looking_up) {
        auth_lookup_forget(c->q->lookup, c);
        commit_free(c->commit);
    } else if (c->commit) {
        c->commit->done = NULL;
    }
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
    struct submit_conn *c = arg;
    c->commit = NULL;
    reply(c, code, text);
}

/* ---- what the user gave us ---- */

/* Nobody may change it any more; its size, or -1. */
static int64_t sealed_size(int fd)
{
    struct stat st;
    int need = F_SEAL_WRITE | F_SEAL_SHRINK, seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & need) == need && !fstat(fd, &st) ? st.st_size : -1;
}

static bool clean_path(struct bytes path)
{
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127)
            return false;
    return path.n <= ENVELOPE_PATH_MAX - 8;
}

/* NULL, or the complaint. */
static const char *take_message(struct submit_conn *c, struct msg_in *in, uint32_t *flags)
{
    struct commit *k = c->commit;
    struct bytes path = msg_get_bytes(in);
    *flags = msg_get_u32(in);
    struct bytes origin = msg_get_bytes(in);
    uint32_t ret = msg_get_u32(in);
    struct bytes envid = msg_get_bytes(in);
    uint32_t notify = msg_get_u32(in), n = msg_get_u32(in);
    if (in->bad || n == 0 || n > ENVELOPE_RCPT_MAX)
        return "5.5.3 No recipients, or too many";
    if (!clean_path(path))
        return "5.1.7 The sender is not an address";
    free(k->env.reverse_path);
    k->env.reverse_path = bytes_dup(path);
    if (!clean_path(envid) || envid.n > ENVELOPE_ENVID_MAX || ret > RET_FULL || notify > NOTIFY_ALL)
        return "5.5.4 What is asked of reports is malformed";
    free(k->env.envid);
    k->env.envid = bytes_dup(envid);
    k->env.ret = (enum envelope_ret)ret;
    if (clean_path(origin)) { /* for people to read: it is not believed */
        free(k->env.origin);
        k->env.origin = bytes_dup(origin);
    }
    for (uint32_t i = 0; i < n; i++) {
        path = msg_get_bytes(in);
        if (!path.n || !clean_path(path))
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

/* ---- who it is ---- */

static void start(struct submit_conn *c, const char *name)
{
    struct commit *k = c->commit;
    AUTO_STRBUF struct strbuf sender = STRBUF_INIT(ENVELOPE_PATH_MAX);
    if (name) {
        trace_address(&sender, name, c->q->route.hostname);
        free(k->env.reverse_path);
        k->env.reverse_path = xstrdup(sender.data);
    }
    k->env.owner = c->uid;
    k->keep = true;
    k->done = committed;
    k->arg = c;
    trace_submitted(&k->prefix, c->q->route.hostname, (unsigned)c->uid, k->env.id, (time_t)k->env.arrived);
    log_info("%s: from=<%s> uid=%u login=%s directory=%s size=%llu recipients=%zu status=submitted",
             k->env.id, k->env.reverse_path, (unsigned)c->uid, k->env.login, k->env.origin,
             (unsigned long long)k->size, k->env.nrcpts);
    commit_start(k);
}

/* A uid that has no mail account (root, daemons) goes by its name in the system. */
static void looked_up(int status, const struct account *account, void *arg)
{
    struct submit_conn *c = arg;
    struct envelope *env = &c->commit->env;
    c->commit->limits = gate_rules(c->q, status == 1 ? account : NULL);
    if (status == 1) {
        free(env->login);
        env->login = xstrdup(account->name);
    }
    if (*env->reverse_path || c->null_sender) {
        c->looking_up = false;
        start(c, NULL);
        return;
    }
    const struct passwd *pw = status == 1 ? NULL : getpwuid(c->uid);
    const char *name = status == 1 ? account->name : pw ? pw->pw_name : NULL;
    c->looking_up = false;
    if (name) {
        start(c, name);
        return;
    }
    commit_free(c->commit);
    c->commit = NULL;
    if (status < 0)
        reply(c, 451, "4.3.0 The accounts cannot be looked up now");
    else
        reply(c, 550, "5.7.1 Your user id has no name on this system; say who you are with -f");
}

static void submit(struct submit_conn *c, struct msg_in *in)
{
    uint32_t flags;
    c->commit = commit_new(c->q);
    const char *wrong = take_message(c, in, &flags);
    if (wrong) {
        commit_free(c->commit);
        c->commit = NULL;
        reply(c, 554, wrong);
    } else {
        c->null_sender = flags & FLAG_NULL_SENDER;
        c->looking_up = true;
        auth_lookup_uid(c->q->lookup, c->uid, looked_up, c);
    }
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
    if (msg_end(in) && clean_path(path))
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
    if (!in || c->commit || c->route)
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
