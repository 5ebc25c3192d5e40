/*
 * auth_lookup.c - the masters' and queue's side of looking up accounts and redeeming tickets. See auth.h.
 */
#include "auth/auth_link.h"
#include "base/cleanup.h"

#include <stdlib.h>

enum { QUESTIONS_MAX = 8192, SEND_WITHIN_MS = 10000, ANSWER_WITHIN_MS = 30000, MEMORY_SLOTS = 1024 };

/* What an answer about a name was. */
struct memory {
    char *name; /* NULL: nothing */
    int status;
    struct account account;
    uint64_t until; /* on the loop's clock */
};

struct question {
    struct question *next;
    struct auth_lookup *lookup;
    uint32_t id;
    struct msg waiting; /* until it can be sent */
    bool sent;
    struct timer timer;
    auth_lookup_fn *fn; /* NULL: forgotten */
    void *arg;
    char *name;          /* to be remembered under, NULL: not */
    struct memory known; /* remembered: told by the timer */
};

struct auth_lookup {
    struct loop *loop;
    struct auth_link link;
    struct question *questions; /* newest first */
    size_t count;
    uint32_t last_id;
    unsigned memory_ms;
    struct memory *memory; /* MEMORY_SLOTS, or NULL */
};

static void memory_done(struct memory *m)
{
    free(m->name);
    account_done(&m->account);
    *m = (struct memory){.name = NULL};
}

static struct memory *slot(struct auth_lookup *l, const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return &l->memory[h % MEMORY_SLOTS];
}

static void remember(struct auth_lookup *l, const char *name, int status, const struct account *account)
{
    struct memory *m = slot(l, name);
    memory_done(m);
    *m = (struct memory){.name = xstrdup(name), .status = status, .until = loop_now(l->loop) + l->memory_ms};
    if (account)
        account_copy(&m->account, account);
}

static void question_free(struct question *q)
{
    struct question **at = &q->lookup->questions;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    q->lookup->count--;
    timer_stop(q->lookup->loop, &q->timer);
    msg_done(&q->waiting);
    free(q->name);
    memory_done(&q->known);
    free(q);
}

static void settle(struct question *q, int status, const struct account *account)
{
    auth_lookup_fn *fn = q->fn;
    void *arg = q->arg;
    if (q->name && status >= 0)
        remember(q->lookup, q->name, status, account);
    question_free(q);
    if (fn)
        fn(status, account, arg);
}

static void on_timer(void *arg)
{
    settle(arg, -1, NULL);
}

static void on_known(void *arg)
{
    struct question *q = arg;
    struct memory known = q->known;
    q->known = (struct memory){.name = NULL};
    settle(q, known.status, known.status == 1 ? &known.account : NULL);
    memory_done(&known);
}

static void send_now(struct question *q)
{
    auth_link_send(&q->lookup->link, &q->waiting);
    q->sent = true;
    timer_set(q->lookup->loop, &q->timer, ANSWER_WITHIN_MS);
}

static void on_connected(void *arg)
{
    struct auth_lookup *l = arg;
    for (struct question *q = l->questions; q; q = q->next)
        if (!q->sent)
            send_now(q);
}

/* Each is told from the loop, by its own timer: callbacks may change the list. */
static void on_lost(void *arg)
{
    struct auth_lookup *l = arg;
    for (struct question *q = l->questions; q; q = q->next)
        if (q->sent)
            timer_set(l->loop, &q->timer, 0);
}

static void on_record(void *arg, const struct auth_record *r)
{
    struct auth_lookup *l = arg;
    struct question *q = l->questions;
    while (q && (q->id != r->id || !q->sent))
        q = q->next;
    if (!q)
        return;
    struct account account = {.uid = r->uid,
                              .gid = r->gid,
                              .quota_bytes = (int64_t)r->quota_bytes,
                              .quota_messages = (int64_t)r->quota_messages,
                              .shared = r->shared};
    for (size_t i = 0; i < ACCOUNT_SEND_LIMITS; i++)
        account.send_limits[i] = (int64_t)r->send_limits[i] - 1;
    account.name = bytes_dup(r->name);
    account.home = bytes_dup(r->home);
    account.mail = bytes_dup(r->mail);
    account.forward = r->text.n ? bytes_dup(r->text) : NULL;
    bool whole = account.name && account.home && account.mail;
    if (r->status == AUTH_LOOKUP_FOUND && whole)
        settle(q, 1, &account);
    else
        settle(q, r->status == AUTH_LOOKUP_NONE ? 0 : -1, NULL);
    account_done(&account);
}

struct auth_lookup *auth_lookup_new(struct loop *loop, const char *path)
{
    static const struct auth_link_hooks hooks = {AUTH_REC_ACCOUNT, 0, on_connected, on_record, on_lost};
    struct auth_lookup *l = xcalloc(1, sizeof(*l));
    l->loop = loop;
    auth_link_init(&l->link, loop, path, &hooks, l);
    return l;
}

void auth_lookup_free(struct auth_lookup *l)
{
    if (!l)
        return;
    while (l->questions)
        question_free(l->questions);
    for (size_t i = 0; l->memory && i < MEMORY_SLOTS; i++)
        memory_done(&l->memory[i]);
    free(l->memory);
    auth_link_done(&l->link);
    free(l);
}

void auth_lookup_remember(struct auth_lookup *l, unsigned ms)
{
    l->memory_ms = ms;
    if (!l->memory)
        l->memory = xcalloc(MEMORY_SLOTS, sizeof(*l->memory));
}

static struct question *question_new(struct auth_lookup *l, auth_lookup_fn *fn, void *arg)
{
    struct question *q = xcalloc(1, sizeof(*q));
    *q = (struct question){.next = l->questions, .lookup = l, .id = ++l->last_id, .fn = fn, .arg = arg};
    l->questions = q;
    l->count++;
    return q;
}

/* Is the answer remembered? */
static bool recall(struct auth_lookup *l, const char *name, auth_lookup_fn *fn, void *arg)
{
    struct memory *m = slot(l, name);
    if (!m->name || strcmp(m->name, name) || loop_now(l->loop) >= m->until)
        return false;
    struct question *q = question_new(l, fn, arg);
    q->sent = true; /* never will be */
    q->known.status = m->status;
    if (m->status == 1)
        account_copy(&q->known.account, &m->account);
    timer_init(&q->timer, on_known, q);
    timer_set(l->loop, &q->timer, 0);
    return true;
}

static void ask(struct auth_lookup *l, struct auth_record *record, char *name, auth_lookup_fn *fn, void *arg)
{
    struct question *q = question_new(l, fn, arg);
    q->name = name;
    timer_init(&q->timer, on_timer, q);
    record->type = AUTH_REC_LOOKUP;
    record->id = q->id;
    auth_record_write(record, &q->waiting);
    if (l->count > QUESTIONS_MAX) {
        q->sent = true; /* never will be */
        timer_set(l->loop, &q->timer, 0);
    } else if (auth_link_up(&l->link)) {
        send_now(q);
    } else {
        timer_set(l->loop, &q->timer, SEND_WITHIN_MS);
    }
}

/* What is too long to be a name is nobody's: asked for as the empty name, which nobody has. */
void auth_lookup_name(struct auth_lookup *l, struct bytes name, auth_lookup_fn *fn, void *arg)
{
    struct auth_record r = {.by = AUTH_BY_NAME, .name = name.n <= AUTH_NAME_MAX ? name : BYTES("")};
    char *copy = l->memory ? bytes_dup(r.name) : NULL;
    if (copy && recall(l, copy, fn, arg))
        free(copy);
    else
        ask(l, &r, copy, fn, arg);
}

void auth_lookup_uid(struct auth_lookup *l, uid_t uid, auth_lookup_fn *fn, void *arg)
{
    struct auth_record r = {.by = AUTH_BY_UID, .uid = uid};
    ask(l, &r, NULL, fn, arg);
}

void auth_redeem(struct auth_lookup *l, struct bytes ticket, const char *service, auth_lookup_fn *fn,
                 void *arg)
{
    struct auth_record r = {.by = AUTH_BY_TICKET,
                            .text = ticket.n <= AUTH_TICKET_LEN ? ticket : BYTES(""),
                            .service = bytes_of(service)};
    ask(l, &r, NULL, fn, arg);
}

void auth_lookup_forget(struct auth_lookup *l, void *arg)
{
    for (struct question *q = l->questions; q; q = q->next)
        if (q->arg == arg)
            q->fn = NULL;
}
