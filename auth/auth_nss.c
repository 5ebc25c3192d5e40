/*
 * auth_nss.c - see auth_nss.h.
 */
#include "auth/auth_nss.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { SENT_MAX = 2 };

struct question {
    struct question *next;
    char *name; /* NULL: by uid */
    uid_t uid;
    uint32_t id; /* 0: not with the process */
    unsigned sent;
    struct timer deadline;
    backend_found_fn *fn;
    void *arg;
};

struct remembered {
    char *name; /* as asked; NULL: free */
    uint64_t until;
    enum auth_lookup_status status;
    struct account account;
};

static struct loop *loop;
static struct chan *channel;
static struct question *line; /* the first one may be with the process */
static size_t waiting;
static uint32_t last_id;
static struct remembered cache[NSS_CACHE_PLACES];

void nss_init(struct loop *the_loop)
{
    loop = the_loop;
}

/* ---- what is remembered ---- */

static struct remembered *place_of(const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return &cache[h % NSS_CACHE_PLACES];
}

static void forget(struct remembered *r)
{
    free(TAKE_PTR(r->name));
    account_done(&r->account);
}

static void remember(const char *name, enum auth_lookup_status status, const struct account *account)
{
    struct remembered *r = place_of(name);
    forget(r);
    r->name = xstrdup(name);
    r->until = loop_now(loop) + NSS_CACHE_MS;
    r->status = status;
    if (account)
        account_copy(&r->account, account);
}

/* ---- the line ---- */

static void send_first(void)
{
    struct question *q = line;
    if (!channel || !q || q->id)
        return;
    if (!++last_id)
        ++last_id;
    q->id = last_id;
    q->sent++;
    struct auth_record r = {.type = AUTH_REC_LOOKUP, .id = q->id, .uid = q->uid};
    r.by = q->name ? AUTH_BY_NAME : AUTH_BY_UID;
    r.name = bytes_of(q->name ? q->name : "");
    AUTO_MSG struct msg m;
    auth_record_write(&r, &m);
    chan_send(channel, &m);
}

/* Out of the line, answered and freed. */
static void settle(struct question *q, enum auth_lookup_status status, const struct account *account)
{
    struct question **at = &line;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    waiting--;
    timer_stop(loop, &q->deadline);
    q->fn(status, account, q->arg);
    free(q->name);
    free(q);
}

static void on_deadline(void *arg)
{
    log_warn("the system's accounts (NSS) do not answer");
    settle(arg, AUTH_LOOKUP_TEMPFAIL, NULL);
    send_first();
}

static void on_answer(const struct auth_record *r)
{
    struct question *q = line;
    struct account account = {.uid = r->uid, .gid = r->gid, .no_shell = r->shut};
    if (!q || q->id != r->id)
        return; /* the deadline of what was asked has passed */
    bool found = r->status == AUTH_LOOKUP_FOUND;
    account.name = bytes_dup(r->name);
    account.home = bytes_dup(r->home);
    if (found && (!account.name || !account.home))
        found = false;
    enum auth_lookup_status status = found ? AUTH_LOOKUP_FOUND : r->status;
    if (!found && status == AUTH_LOOKUP_FOUND)
        status = AUTH_LOOKUP_TEMPFAIL;
    if (q->name && status != AUTH_LOOKUP_TEMPFAIL)
        remember(q->name, status, found ? &account : NULL);
    settle(q, status, found ? &account : NULL);
    account_done(&account);
    send_first();
}

/* The process is gone: its successor is asked again, but not what may have killed two of them. */
static void lose_channel(void)
{
    chan_free(TAKE_PTR(channel));
    if (line && line->sent >= SENT_MAX)
        settle(line, AUTH_LOOKUP_TEMPFAIL, NULL);
    else if (line)
        line->id = 0;
}

static void on_channel(struct chan *ch, struct msg_in *in, void *arg)
{
    struct auth_record r;
    (void)ch;
    (void)arg;
    bool good = in && auth_record_read(in, &r) && r.type == AUTH_REC_ACCOUNT;
    if (in && !good)
        log_error("malformed record from the nss process");
    if (good)
        on_answer(&r);
    else
        lose_channel();
}

void nss_connect(int fd)
{
    chan_free(channel);
    if (line)
        line->id = 0; /* to be asked again */
    channel = chan_new(loop, fd, on_channel, NULL);
    send_first();
}

static void ask(char *name, uid_t uid, backend_found_fn *fn, void *arg)
{
    if (waiting >= NSS_WAITING_MAX) {
        free(name);
        fn(AUTH_LOOKUP_TEMPFAIL, NULL, arg);
        return;
    }
    struct question *q = xcalloc(1, sizeof(*q)), **at = &line;
    *q = (struct question){.name = name, .uid = uid, .fn = fn, .arg = arg};
    while (*at)
        at = &(*at)->next;
    *at = q;
    waiting++;
    timer_init(&q->deadline, on_deadline, q);
    timer_set(loop, &q->deadline, NSS_DEADLINE_MS);
    send_first();
}

void nss_lookup_name(struct bytes name, backend_found_fn *fn, void *arg)
{
    AUTO_FREE char *text = bytes_dup(name);
    if (!text) {
        fn(AUTH_LOOKUP_NONE, NULL, arg);
        return;
    }
    const struct remembered *r = place_of(text);
    if (r->name && strcmp(r->name, text) == 0 && r->until > loop_now(loop))
        fn(r->status, r->status == AUTH_LOOKUP_FOUND ? &r->account : NULL, arg);
    else
        ask(TAKE_PTR(text), 0, fn, arg);
}

void nss_lookup_uid(uid_t uid, backend_found_fn *fn, void *arg)
{
    ask(NULL, uid, fn, arg);
}
