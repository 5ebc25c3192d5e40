/*
 * auth_conn.c - see auth_conn.h. A record that the table below does not allow ends the connection: its sender
 * is broken or not who it should be. A connection that goes away abandons its attempts; its lookups end
 * unheard.
 */
#include "auth/auth_conn.h"

#include "auth/auth_backend.h"
#include "auth/auth_ban.h"
#include "auth/auth_name.h"
#include "auth/auth_proto.h"
#include "auth/auth_request.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <unistd.h>

struct conn {
    struct conn *next, **at; /* of all that are open */
    struct chan *chan;       /* NULL: gone, kept for the lookups under way */
    enum conn_kind kind;
    size_t lookups;
    struct slot *slots[CONN_REQUESTS_MAX]; /* by id modulo: CONN_NET only */
};

struct slot { /* one attempt of a connection */
    struct conn *conn;
    uint32_t id;
    struct request *request;
};

struct lookup {
    struct conn *conn;
    uint32_t id;
};

static struct loop *loop;
static struct ticket_table *tickets;
static struct conn_rights rights;
static struct conn *conns;
static size_t open_conns;

static void conn_send(struct conn *c, const struct auth_record *r)
{
    if (!c->chan)
        return;
    AUTO_MSG struct msg m;
    auth_record_write(r, &m);
    chan_send(c->chan, &m);
}

static void send_any(void *arg, const struct auth_record *r)
{
    conn_send(arg, r);
}

static void tell_front_ends(const struct auth_record *r)
{
    for (struct conn *c = conns; c; c = c->next)
        if (c->kind == CONN_NET)
            conn_send(c, r);
}

void conns_init(struct loop *the_loop, struct ticket_table *the_tickets, const struct conn_rights *the_rights)
{
    loop = the_loop;
    tickets = the_tickets;
    rights = *the_rights;
    ban_init(loop, tell_front_ends);
}

/* ---- attempts ---- */

static struct slot **slot_of(struct conn *c, uint32_t id)
{
    return &c->slots[id % CONN_REQUESTS_MAX];
}

static void send_result(struct conn *c, uint32_t id, enum auth_status status, struct bytes text,
                        const char *name)
{
    struct auth_record r = {
        .type = AUTH_REC_RESULT, .id = id, .status = status, .text = text, .name = bytes_of(name)};
    if (r.name.n > AUTH_NAME_MAX)
        r.name.n = 0;
    conn_send(c, &r);
}

static void on_request(enum auth_status status, struct bytes text, const char *name, void *arg)
{
    struct slot *s = arg;
    send_result(s->conn, s->id, status, text, name);
    if (status == AUTH_CONTINUE)
        return;
    *slot_of(s->conn, s->id) = NULL;
    free(s);
}

static bool do_start(struct conn *c, const struct auth_record *r)
{
    struct slot **place = slot_of(c, r->id);
    if (*place)
        return false;
    struct slot *s = xcalloc(1, sizeof(*s));
    *s = (struct slot){c, r->id, NULL};
    s->request = request_new(on_request, s);
    if (!s->request) {
        free(s);
        send_result(c, r->id, AUTH_TEMPFAIL, BYTES(""), "");
        return true;
    }
    *place = s;
    request_start(s->request, r);
    return true;
}

static bool do_continue(struct conn *c, const struct auth_record *r)
{
    struct slot *s = *slot_of(c, r->id);
    if (s && s->id == r->id)
        request_continue(s->request, r->text);
    return true;
}

static void abandon(struct conn *c, struct slot **place)
{
    struct slot *s = *place;
    (void)c;
    *place = NULL;
    if (!s)
        return;
    request_abandon(s->request);
    free(s);
}

static bool do_cancel(struct conn *c, const struct auth_record *r)
{
    struct slot **place = slot_of(c, r->id);
    if (*place && (*place)->id == r->id)
        abandon(c, place);
    return true;
}

/* ---- lookups ---- */

static void conn_release(struct conn *c)
{
    if (c->chan || c->lookups)
        return;
    open_conns--;
    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
    free(c);
}

static void send_account(struct conn *c, uint32_t id, enum auth_lookup_status status, const struct account *a)
{
    struct auth_record r = {.type = AUTH_REC_ACCOUNT, .id = id, .status = status};
    if (status == AUTH_LOOKUP_FOUND) {
        r.name = bytes_of(a->name);
        r.uid = a->uid;
        r.gid = a->gid;
        r.home = bytes_of(a->home);
        r.mail = bytes_of(a->mail);
        r.quota_bytes = (uint64_t)a->quota_bytes;
        r.quota_messages = (uint64_t)a->quota_messages;
        for (size_t i = 0; i < ACCOUNT_SEND_LIMITS; i++)
            r.send_limits[i] = (uint64_t)(a->send_limits[i] + 1);
        r.shared = a->shared;
        r.text = bytes_of(a->forward ? a->forward : "");
    }
    conn_send(c, &r);
}

static void on_account(enum auth_lookup_status status, const struct backend *source, const struct account *a,
                       void *arg)
{
    struct lookup *l = arg;
    (void)source;
    send_account(l->conn, l->id, status, a);
    l->conn->lookups--;
    conn_release(l->conn);
    free(l);
}

static void redeem(struct conn *c, const struct auth_record *r)
{
    struct account account;
    bool smtp = bytes_eq(r->service, BYTES("smtp"));
    bool mine = smtp == (c->kind == CONN_LOOKUP);
    bool good = ticket_redeem(tickets, r->text, mine ? r->service : BYTES(""), loop_now(loop), &account);
    if (!good)
        log_warn(
            "a ticket that is not valid (used, too old, or for another service) was presented for " BYTES_FMT,
            BYTES_ARG(r->service));
    send_account(c, r->id, good ? AUTH_LOOKUP_FOUND : AUTH_LOOKUP_NONE, &account);
    account_done(&account);
}

static bool do_lookup(struct conn *c, const struct auth_record *r)
{
    if (r->by == AUTH_BY_TICKET) {
        redeem(c, r);
        return true;
    }
    if (c->lookups >= CONN_LOOKUPS_MAX) {
        send_account(c, r->id, AUTH_LOOKUP_TEMPFAIL, NULL);
        return true;
    }
    if (r->by == AUTH_BY_NAME && !auth_name_ok(r->name)) {
        send_account(c, r->id, AUTH_LOOKUP_NONE, NULL);
        return true;
    }
    struct lookup *l = xcalloc(1, sizeof(*l));
    *l = (struct lookup){c, r->id};
    c->lookups++;
    if (r->by == AUTH_BY_NAME)
        backends_lookup_name(r->name, on_account, l);
    else
        backends_lookup_uid((uid_t)r->uid, on_account, l);
    return true;
}

struct ban_answer {
    struct conn *conn;
    uint32_t id;
};

static void send_ban(void *arg, const struct auth_record *r)
{
    const struct ban_answer *a = arg;
    struct auth_record answer = *r;
    answer.id = a->id;
    conn_send(a->conn, &answer);
}

static bool do_ban(struct conn *c, const struct auth_record *r)
{
    struct ban_answer a = {c, r->id};
    ban_ask(r, send_ban, &a);
    return true;
}

static bool do_explain(struct conn *c, const struct auth_record *r)
{
    AUTO_FREE char *remote = bytes_dup(r->remote);
    struct auth_record answer = {.type = AUTH_REC_EXPLAIN, .id = r->id};
    bool known = false;
    if (remote)
        request_look(r->name, remote, &answer.uid, &answer.gid, &known);
    answer.proven = known;
    conn_send(c, &answer);
    return true;
}

/* ---- the table: who may send what ---- */

enum { NET = 1 << CONN_NET, LOOKUP = 1 << CONN_LOOKUP, MASTER = 1 << CONN_MASTER };

static const struct {
    uint16_t type;
    unsigned from;
    bool (*fn)(struct conn *c, const struct auth_record *r);
} verbs[] = {
    {AUTH_REC_START, NET, do_start},
    {AUTH_REC_PLAIN, NET, do_start},
    {AUTH_REC_CONTINUE, NET, do_continue},
    {AUTH_REC_CANCEL, NET, do_cancel},
    {AUTH_REC_LOOKUP, LOOKUP | MASTER, do_lookup},
    {AUTH_REC_BAN_ASK, MASTER, do_ban},
    {AUTH_REC_EXPLAIN_ASK, MASTER, do_explain},
};

static bool dispatch(struct conn *c, struct msg_in *in)
{
    struct auth_record r;
    if (!auth_record_read(in, &r))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (verbs[i].type == r.type && verbs[i].from & 1u << c->kind)
            return verbs[i].fn(c, &r);
    return false;
}

static void conn_close(struct conn *c)
{
    for (size_t i = 0; i < ARRAY_LEN(c->slots); i++)
        abandon(c, &c->slots[i]);
    chan_free(TAKE_PTR(c->chan));
    conn_release(c);
}

static void on_chan(struct chan *ch, struct msg_in *in, void *arg)
{
    uid_t uid = (uid_t)-1;
    pid_t pid = -1;
    if (in && dispatch(arg, in))
        return;
    if (in) {
        chan_peer(ch, &uid, &pid);
        log_error("process %d of uid %d sent a record that is malformed or not its to send; disconnected",
                  (int)pid, (int)uid);
    }
    conn_close(arg);
}

/* ---- accepting ---- */

static const struct {
    const char *listener;
    enum conn_kind kind;
} kinds[] = {{"auth", CONN_NET}, {"auth-lookup", CONN_LOOKUP}, {"auth-master", CONN_MASTER}};

int conn_kind_named(const char *listener)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].listener, listener) == 0)
            return (int)kinds[i].kind;
    return -1;
}

static bool may_connect(uid_t uid, enum conn_kind kind)
{
    if (uid == 0 || (rights.unprivileged && uid == getuid()))
        return true;
    return (kind == CONN_NET && uid == rights.net_uid) || (kind == CONN_LOOKUP && uid == rights.queue_uid);
}

void conn_accept(int fd, enum conn_kind kind)
{
    uid_t uid = (uid_t)-1;
    pid_t pid = -1;
    struct conn *c = xcalloc(1, sizeof(*c));
    c->kind = kind;
    c->chan = chan_new(loop, fd, on_chan, c);
    open_conns++;
    c->next = conns;
    c->at = &conns;
    if (conns)
        conns->at = &c->next;
    conns = c;
    if (chan_peer(c->chan, &uid, &pid) == 0 && may_connect(uid, kind) && open_conns <= CONNS_MAX) {
        if (kind == CONN_NET)
            ban_each(send_any, c);
        return;
    }
    log_warn("process %d of uid %d may not connect here", (int)pid, (int)uid);
    conn_close(c);
}
