/*
 * queue_session.c - from MAIL to the end of data, as decisions: who is this, may it, where does it go.
 *
 * Strangers may send to accounts of ours and to nobody else. An authenticated client (by a ticket that we
 * redeem ourselves) may send anywhere, but only under addresses of its own (queue_owner.h), in the envelope and in the header.
 */
#include "relay/queue_session.h"

#include "relay/queue_gate.h"
#include "relay/queue_owner.h"

#include "base/log.h"

#include <stdlib.h>

#define TRACE_ROOM (64u << 10) /* octets that smtp may add to a message of the largest size */
#define SPACE_KEPT (16u << 20) /* octets of the spool's disk that are not given to new messages */

/* ---- life ---- */

struct session *session_new(struct queue *q, struct chan *chan, uint32_t id)
{
    struct session *s = xcalloc(1, sizeof *s);
    *s = (struct session){.id = id, .q = q, .chan = chan, .place = {.fd = -1}};
    return s;
}

/* One that has not been started. */
static void drop_commit(struct session *s)
{
    struct commit *c = s->commit;
    s->commit = NULL;
    commit_free(c);
}

static void end_transaction(struct session *s)
{
    route_cancel(s->route);
    s->route = NULL;
    free(s->path);
    free(s->orcpt);
    s->path = s->orcpt = NULL;
    if (s->owner && s->commit)
        drop_commit(s);
    owner_cancel(s->owner);
    s->owner = NULL;
    if (s->commit)
        s->commit->done = NULL;
    s->commit = NULL;
    if (s->in_mail)
        envelope_done(&s->env);
    s->in_mail = false;
    place_close(&s->place);
}

void session_free(struct session *s)
{
    end_transaction(s);
    if (s->redeeming)
        auth_lookup_forget(s->q->lookup, s);
    free(s->peer);
    free(s->helo);
    free(s->service);
    free(s->account);
    free(s);
}

bool session_busy(const struct session *s)
{
    return s->route || s->owner || s->redeeming || s->commit;
}

static void reply(struct session *s, int code, const char *text)
{
    AUTO_MSG struct msg m;
    msg_init(&m, QUEUE_REPLY);
    msg_put_u32(&m, s->id);
    msg_put_u32(&m, (uint32_t)code);
    msg_put_str(&m, text);
    chan_send(s->chan, &m);
}

static char *take_str(char *old, struct msg_in *in)
{
    free(old);
    return msg_get_str(in);
}

void session_open(struct session *s, struct msg_in *in)
{
    s->peer = take_str(s->peer, in);
    s->helo = take_str(s->helo, in);
    s->service = take_str(s->service, in);
}

void session_rset(struct session *s, struct msg_in *in)
{
    (void)in;
    end_transaction(s);
}

/* ---- AUTH ---- */

static void redeemed(int status, const struct account *account, void *arg)
{
    struct session *s = arg;
    s->redeeming = false;
    if (status != 1) {
        reply(s, 454, "4.7.0 Temporary authentication failure");
        return;
    }
    free(s->account);
    s->account = xstrdup(account->name);
    s->uid = account->uid;
    s->limits = gate_rules(s->q, account);
    reply(s, 235, "2.7.0 Authentication successful");
}

void session_auth(struct session *s, struct msg_in *in)
{
    struct bytes ticket = msg_get_bytes(in);
    s->redeeming = true;
    auth_redeem(s->q->lookup, ticket, "smtp", redeemed, s);
}

/* ---- MAIL ---- */

static bool clean_path(struct bytes path)
{
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127)
            return false;
    return path.n <= ENVELOPE_PATH_MAX - 8;
}

static void refuse_mail(struct session *s, int code, const char *text)
{
    end_transaction(s);
    reply(s, code, text);
}

static void refuse_sender(struct session *s, enum owner_verdict verdict, int code, const char *refused)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(2048);
    if (verdict == OWNER_NO)
        owner_refusal(s->q, s->account, refused, &text);
    else
        strbuf_adds(&text, "4.3.0 The accounts cannot be looked up now");
    log_info("remote=%s user=%s sender=<%s> refused", s->peer, s->account, refused);
    refuse_mail(s, verdict == OWNER_NO ? code : 451, text.data);
}

static void sender_checked(enum owner_verdict verdict, const char *refused, void *arg)
{
    struct session *s = arg;
    s->owner = NULL;
    if (verdict == OWNER_YES)
        reply(s, 250, "2.1.0 Ok");
    else
        refuse_sender(s, verdict, 553, refused);
}

static bool checks_sender(const struct session *s)
{
    return s->account && s->q->sender_check != SENDER_ANY;
}

void session_mail(struct session *s, struct msg_in *in)
{
    struct bytes path = msg_get_bytes(in);
    uint64_t size = msg_get_u64(in);
    bool body8bit = msg_get_u32(in), smtputf8 = msg_get_u32(in); /* stored as it comes, either way */
    uint32_t ret = msg_get_u32(in);
    struct bytes envid = msg_get_bytes(in);
    if (s->in_mail) {
        reply(s, 503, "5.5.1 A transaction is in progress");
        return;
    }
    if (!clean_path(path) || !clean_path(envid) || envid.n > ENVELOPE_ENVID_MAX || ret > RET_FULL) {
        reply(s, 553, "5.1.7 Not an address");
        return;
    }
    if (size > s->q->message_size) {
        reply(s, 552, "5.3.4 Message too big");
        return;
    }
    if (store_free_space(s->q->store) < size + SPACE_KEPT) {
        log_error("the disk of the spool is nearly full: no mail is taken");
        reply(s, 452, "4.3.1 Not enough disk space");
        return;
    }
    envelope_init(&s->env);
    free(s->env.reverse_path);
    s->env.reverse_path = bytes_dup(path);
    free(s->env.envid);
    s->env.envid = bytes_dup(envid);
    s->env.ret = (enum envelope_ret)ret;
    s->env.body8bit = body8bit;
    s->env.smtputf8 = smtputf8;
    s->in_mail = true;
    s->asked = 0;
    if (checks_sender(s) && path.n)
        s->owner = owner_check_path(s->q, s->account, path, sender_checked, s);
    else
        reply(s, 250, "2.1.0 Ok");
}

/* ---- RCPT ---- */

static bool known_already(const struct session *s, const struct route_target *t)
{
    for (size_t i = 0; i < s->env.nrcpts; i++) {
        const struct recipient *r = &s->env.rcpts[i];
        if (r->kind == t->kind &&
            (t->kind == RECIPIENT_LOCAL ? !strcmp(r->account, t->account) : !strcmp(r->address, t->address)))
            return true;
    }
    return false;
}

static void add_target(struct session *s, const struct route_target *t)
{
    struct recipient *r = route_target_add(&s->env, t);
    r->notify = s->notify;
    r->asked = s->asked;
    r->orcpt = *s->orcpt ? xstrdup(s->orcpt) : NULL;
}

/* One address may have become several: all of them are taken, or none. */
static void accept_rcpt(struct session *s, const struct route *route)
{
    if (s->env.nrcpts + route->n > ENVELOPE_RCPT_MAX) {
        reply(s, 452, "4.5.3 Too many recipients");
        return;
    }
    for (size_t i = 0; i < route->n; i++)
        if (!known_already(s, &route->targets[i]))
            add_target(s, &route->targets[i]);
    s->asked++;
    reply(s, 250, "2.1.5 Ok");
}

static bool leads_elsewhere(const struct route *route)
{
    for (size_t i = 0; i < route->n; i++)
        if (route->targets[i].kind != RECIPIENT_REMOTE)
            return false;
    return true;
}

static void accept_remote(struct session *s, const struct route *route)
{
    if (!s->account && route->kind == ROUTE_REMOTE)
        reply(s, 554, "5.7.1 Relay access denied");
    else if (!s->q->smarthost.address)
        reply(s, 550, "5.3.2 This server delivers to its own accounts only: no smarthost is configured");
    else
        accept_rcpt(s, route);
}

static void rcpt_routed(const struct route *route, void *arg)
{
    struct session *s = arg;
    s->route = NULL;
    switch (route->kind) {
    case ROUTE_LOCAL:
        if (!leads_elsewhere(route)) {
            accept_rcpt(s, route);
            break;
        }
        accept_remote(s, route);
        break;
    case ROUTE_REMOTE:
        accept_remote(s, route);
        break;
    case ROUTE_UNKNOWN:
        reply(s, 550, "5.1.1 No such user here");
        break;
    case ROUTE_INVALID:
        reply(s, 553, "5.1.3 Not an address");
        break;
    case ROUTE_LATER:
        reply(s, 451, "4.3.0 The accounts cannot be looked up now");
        break;
    }
}

void session_rcpt(struct session *s, struct msg_in *in)
{
    struct bytes path = msg_get_bytes(in);
    uint32_t notify = msg_get_u32(in);
    struct bytes orcpt = msg_get_bytes(in);
    if (!s->in_mail || s->place.fd >= 0) {
        reply(s, 503, "5.5.1 MAIL first");
        return;
    }
    if (s->env.nrcpts >= s->q->recipients) {
        reply(s, 452, "4.5.3 Too many recipients");
        return;
    }
    if (!path.n || !clean_path(path) || !clean_path(orcpt) || orcpt.n > ENVELOPE_ORCPT_MAX ||
        notify > NOTIFY_ALL) {
        reply(s, 553, "5.1.3 Not an address");
        return;
    }
    free(s->path);
    free(s->orcpt);
    s->path = bytes_dup(path);
    s->orcpt = bytes_dup(orcpt);
    s->notify = notify;
    s->route = route_start(s->q->loop, s->q->lookup, &s->q->route, path, rcpt_routed, s);
}

/* ---- DATA ---- */

static void hand_over(struct session *s)
{
    AUTO_MSG struct msg m;
    msg_init(&m, QUEUE_FD);
    msg_put_u32(&m, s->id);
    msg_put_u64(&m, s->place.cap);
    msg_put_fd(&m, s->place.fd);
    chan_send(s->chan, &m);
}

static void no_place(struct session *s, const struct err *e)
{
    log_error("%s", e->text);
    end_transaction(s);
    reply(s, 452, "4.3.1 The message cannot be stored now");
}

void session_data(struct session *s, struct msg_in *in)
{
    struct err e;
    (void)in;
    if (!s->in_mail || !s->env.nrcpts || s->place.fd >= 0)
        reply(s, 503, "5.5.1 RCPT first");
    else if (place_open(&s->place, s->q->store, s->q->message_size + TRACE_ROOM, &e))
        no_place(s, &e);
    else
        hand_over(s);
}

void session_grow(struct session *s, struct msg_in *in)
{
    struct err e;
    uint64_t size = msg_get_u64(in);
    if (s->place.fd >= 0 && !s->place.memory) {
        end_transaction(s);
        reply(s, 552, "5.3.4 Message too big");
    } else if (place_grow(&s->place, s->q->store, size, s->q->message_size + TRACE_ROOM, &e)) {
        no_place(s, &e);
    } else {
        hand_over(s);
    }
}

/* ---- end of data ---- */

static void reply_each(struct session *s, const struct commit *c, const char *taken)
{
    AUTO_MSG struct msg m;
    msg_init(&m, QUEUE_VERDICTS);
    msg_put_u32(&m, s->id);
    for (unsigned i = 0; i < c->each; i++) {
        msg_put_u32(&m, c->verdicts[i].code ? (uint32_t)c->verdicts[i].code : 250);
        msg_put_str(&m, c->verdicts[i].code ? c->verdicts[i].text : taken);
    }
    chan_send(s->chan, &m);
}

static void committed(void *arg, int code, const char *text)
{
    struct session *s = arg;
    const struct commit *c = s->commit;
    s->commit = NULL;
    if (code == 250 && c->each)
        reply_each(s, c, text);
    else
        reply(s, code, text);
}

static void author_checked(enum owner_verdict verdict, const char *refused, void *arg)
{
    struct session *s = arg;
    s->owner = NULL;
    if (verdict == OWNER_YES) {
        commit_start(s->commit);
        return;
    }
    drop_commit(s);
    refuse_sender(s, verdict, 550, refused);
}

void session_commit(struct session *s, struct msg_in *in)
{
    uint64_t size = msg_get_u64(in);
    uint64_t memory = 0;
    struct err e;
    if (!s->in_mail || s->place.fd < 0) {
        reply(s, 503, "5.5.1 DATA first");
        return;
    }
    int fd = place_finish(&s->place, s->q->store, size, &memory, &e);
    if (fd < 0) {
        no_place(s, &e);
        return;
    }
    struct commit *c = commit_new(s->q);
    char *id = c->env.id;
    uint64_t arrived = c->env.arrived;
    c->env.id = NULL;
    envelope_done(&c->env);
    free(s->env.id);
    c->env = s->env;
    c->env.id = id;
    c->env.arrived = arrived;
    c->env.owner = s->account ? s->uid : ENVELOPE_STRANGER;
    if (s->account) {
        free(c->env.login);
        c->env.login = xstrdup(s->account);
        c->limits = s->limits;
    }
    c->fd = fd;
    c->size = size;
    c->memory = memory;
    c->each = strcmp(s->service, "lmtp") == 0 ? s->asked : 0;
    c->done = committed;
    c->arg = s;
    s->in_mail = false;
    s->commit = c;
    if (checks_sender(s))
        s->owner = owner_check_message(s->q, s->account, fd, size, author_checked, s);
    else
        commit_start(c);
}
