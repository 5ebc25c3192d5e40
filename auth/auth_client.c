/*
 * auth_client.c - login's and smtp's side of an exchange. See auth.h.
 *
 * A request that cannot be sent yet (the daemon restarts) waits a few seconds with its password; one that was
 * sent is never sent again: it fails for now. An id names a place in the table and a generation, so that a
 * late answer to a cancelled request cannot be taken for the answer to the next one in its place.
 */
#include "auth/auth_bans.h"
#include "auth/auth_link.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <time.h>

enum {
    REQUESTS_MAX = 8192,
    SEND_WITHIN_MS = 5000,
    ANSWER_WITHIN_MS = 150000,
};

struct auth_client {
    struct loop *loop;
    struct auth_link link;
    struct auth_request **requests; /* by place; NULL: free */
    size_t places, next_place;
    uint32_t generation;
    struct bans *bans; /* as auth tells them */
};

struct auth_request {
    struct auth_client *client;
    uint32_t id;
    struct msg waiting; /* the first record, until it can be sent */
    bool sent;
    bool placed;              /* has a place in the table */
    enum auth_status verdict; /* when it must fail without having been asked */
    struct timer timer;
    auth_fn *fn;
    void *arg;
};

/* ---- the table ---- */

static bool grow(struct auth_client *c)
{
    size_t size = c->places ? c->places * 2 : 64;
    if (size > REQUESTS_MAX)
        return false;
    c->requests = xrealloc(c->requests, size, sizeof(*c->requests));
    memset(c->requests + c->places, 0, (size - c->places) * sizeof(*c->requests));
    c->next_place = c->places;
    c->places = size;
    return true;
}

static bool find_place(struct auth_client *c, struct auth_request *r)
{
    for (size_t tried = 0; tried < c->places; tried++) {
        size_t place = (c->next_place + tried) % c->places;
        if (c->requests[place])
            continue;
        c->next_place = place + 1;
        c->requests[place] = r;
        r->id = (uint32_t)(c->generation++ * REQUESTS_MAX + place);
        r->placed = true;
        return true;
    }
    return grow(c) && find_place(c, r);
}

static void request_free(struct auth_request *r)
{
    if (r->placed)
        r->client->requests[r->id % REQUESTS_MAX] = NULL;
    timer_stop(r->client->loop, &r->timer);
    auth_msg_done_secret(&r->waiting);
    free(r);
}

static void finish(struct auth_request *r, enum auth_status status, struct bytes text, const char *name)
{
    struct auth_result result = {status, text, name};
    auth_fn *fn = r->fn;
    void *arg = r->arg;
    request_free(r);
    fn(&result, arg);
}

static void on_timer(void *arg)
{
    struct auth_request *r = arg;
    enum auth_status verdict = r->verdict;
    if (r->sent) {
        AUTO_MSG struct msg m;
        auth_record_write(&(struct auth_record){.type = AUTH_REC_CANCEL, .id = r->id}, &m);
        auth_link_send(&r->client->link, &m);
    }
    finish(r, verdict, BYTES(""), "");
}

/* Not from inside the caller's call: from the loop, at once. */
static void fail_soon(struct auth_request *r, enum auth_status status)
{
    r->verdict = status;
    timer_set(r->client->loop, &r->timer, 0);
}

/* ---- the link ---- */

static void send_first(struct auth_request *r)
{
    auth_link_send(&r->client->link, &r->waiting);
    auth_msg_done_secret(&r->waiting);
    msg_init(&r->waiting, 0);
    r->sent = true;
    timer_set(r->client->loop, &r->timer, ANSWER_WITHIN_MS);
}

static void on_ban(struct auth_client *c, const struct auth_record *r)
{
    struct net net;
    if (!net_parse(r->remote, &net))
        return;
    if (r->status == BAN_SET)
        bans_set(c->bans, &net, r->until, r->text);
    else if (r->status == BAN_LIFTED)
        bans_remove(c->bans, &net);
}

bool auth_client_banned(const struct auth_client *c, const char *remote)
{
    return bans_find(c->bans, remote, (uint64_t)time(NULL)) != NULL;
}

static void on_connected(void *arg)
{
    struct auth_client *c = arg;
    bans_clear(c->bans); /* the whole list comes anew */
    for (size_t i = 0; i < c->places; i++)
        if (c->requests[i] && !c->requests[i]->sent)
            send_first(c->requests[i]);
}

static void on_lost(void *arg)
{
    struct auth_client *c = arg;
    for (size_t i = 0; i < c->places; i++)
        if (c->requests[i] && c->requests[i]->sent)
            fail_soon(c->requests[i], AUTH_TEMPFAIL);
}

static void on_record(void *arg, const struct auth_record *in)
{
    struct auth_client *c = arg;
    if (in->type == AUTH_REC_BAN) {
        on_ban(c, in);
        return;
    }
    size_t place = in->id % REQUESTS_MAX;
    struct auth_request *r = place < c->places ? c->requests[place] : NULL;
    if (!r || r->id != in->id || !r->sent)
        return; /* cancelled meanwhile */
    AUTO_FREE char *name = bytes_dup(in->name);
    if (in->status != AUTH_CONTINUE) {
        finish(r, in->status, in->text, name ? name : "");
        return;
    }
    struct auth_result result = {AUTH_CONTINUE, in->text, ""};
    timer_stop(c->loop, &r->timer); /* the client's turn */
    r->fn(&result, r->arg);
}

struct auth_client *auth_client_new(struct loop *loop, const char *path)
{
    static const struct auth_link_hooks hooks = {AUTH_REC_RESULT, AUTH_REC_BAN, on_connected, on_record,
                                                 on_lost};
    struct auth_client *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    c->bans = bans_new();
    auth_link_init(&c->link, loop, path, &hooks, c);
    return c;
}

void auth_client_free(struct auth_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->places; i++)
        if (c->requests[i])
            request_free(c->requests[i]);
    auth_link_done(&c->link);
    bans_free(c->bans);
    free(c->requests);
    free(c);
}

/* ---- requests ---- */

static bool fits(const struct auth_record *r)
{
    return r->binding.n <= AUTH_SERVICE_MAX && r->service.n <= AUTH_SERVICE_MAX &&
           r->remote.n <= AUTH_REMOTE_MAX && r->mechanism.n <= AUTH_SERVICE_MAX &&
           r->text.n <= AUTH_SASL_MAX && r->name.n <= AUTH_NAME_MAX && r->password.n <= AUTH_PASSWORD_MAX;
}

static struct auth_request *begin(struct auth_client *c, const struct auth_peer *peer,
                                  struct auth_record *record, auth_fn *fn, void *arg)
{
    struct auth_request *r = xcalloc(1, sizeof(*r));
    *r = (struct auth_request){.client = c, .verdict = AUTH_TEMPFAIL, .fn = fn, .arg = arg};
    timer_init(&r->timer, on_timer, r);
    msg_init(&r->waiting, 0);
    record->service = bytes_of(peer->service);
    record->remote = bytes_of(peer->remote);
    record->secure = peer->secure;
    record->binding = peer->binding;
    if (!fits(record)) {
        fail_soon(r, record->type == AUTH_REC_PLAIN ? AUTH_FAILED : AUTH_INVALID);
    } else if (!find_place(c, r)) {
        fail_soon(r, AUTH_TEMPFAIL);
    } else {
        record->id = r->id;
        auth_msg_done_secret(&r->waiting);
        auth_record_write(record, &r->waiting);
        timer_set(c->loop, &r->timer, SEND_WITHIN_MS);
        if (auth_link_up(&c->link))
            send_first(r);
    }
    return r;
}

struct auth_request *auth_start(struct auth_client *client, const struct auth_peer *peer,
                                struct bytes mechanism, struct bytes initial, auth_fn *fn, void *arg)
{
    struct auth_record record = {
        .type = AUTH_REC_START, .mechanism = mechanism, .has_text = initial.p != NULL, .text = initial};
    return begin(client, peer, &record, fn, arg);
}

struct auth_request *auth_plain(struct auth_client *client, const struct auth_peer *peer, struct bytes name,
                                struct bytes password, auth_fn *fn, void *arg)
{
    struct auth_record record = {.type = AUTH_REC_PLAIN, .name = name, .password = password};
    return begin(client, peer, &record, fn, arg);
}

void auth_continue(struct auth_request *r, struct bytes response)
{
    struct msg m;
    struct auth_record record = {.type = AUTH_REC_CONTINUE, .id = r->id, .text = response};
    if (r->verdict != AUTH_TEMPFAIL || response.n > AUTH_SASL_MAX) {
        fail_soon(r, AUTH_INVALID);
        return;
    }
    if (!auth_link_up(&r->client->link))
        return; /* its end is on the way */
    auth_record_write(&record, &m);
    auth_link_send(&r->client->link, &m);
    auth_msg_done_secret(&m);
    timer_set(r->client->loop, &r->timer, ANSWER_WITHIN_MS);
}

void auth_cancel(struct auth_request *r)
{
    if (!r)
        return;
    AUTO_MSG struct msg m;
    auth_record_write(&(struct auth_record){.type = AUTH_REC_CANCEL, .id = r->id}, &m);
    if (r->sent)
        auth_link_send(&r->client->link, &m);
    request_free(r);
}
