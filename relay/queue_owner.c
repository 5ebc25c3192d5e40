/*
 * queue_owner.c - see queue_owner.h. Addresses one after the other: first the file `senders`, which costs no question, then
 * where mail to the address would go: to this account, and it is its own.
 */
#include "relay/queue_owner.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "maildir/message.h"
#include "relay/queue_trace.h"

#include <fcntl.h>
#include <stdlib.h>

#define LISTED_MAX 5 /* addresses in a refusal */

struct owner_check {
    struct queue *q;
    char *account;
    char *addresses[OWNER_ADDRESSES_MAX];
    size_t n, at;
    bool too_many, none;
    struct timer now;
    struct route_request *route;
    owner_fn *fn;
    void *arg;
};

/* ---- the file ---- */

static void read_map(struct queue *q, struct strbuf *map)
{
    struct err e;
    if (q->senders && fs_read_file(AT_FDCWD, q->senders, map, &e)) {
        log_error("senders: %s", e.text);
        strbuf_clear(map);
    }
}

void owner_refusal(struct queue *q, const char *account, const char *refused, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf map = STRBUF_INIT(SENDER_MAP_MAX), list = STRBUF_INIT(1024);
    read_map(q, &map);
    trace_address(&list, account, q->route.hostname);
    sender_map_list(strbuf_bytes(&map), account, LISTED_MAX, &list);
    strbuf_addf(out, "5.7.1 <%s> is not an address of %s, who may use: %s", refused, account, list.data);
}

/* ---- asking ---- */

static void answer(struct owner_check *c, enum owner_verdict verdict)
{
    owner_fn *fn = c->fn;
    void *arg = c->arg;
    AUTO_FREE char *refused = c->at < c->n ? xstrdup(c->addresses[c->at]) : xstrdup("");
    owner_cancel(c);
    fn(verdict, refused, arg);
}

static void check_next(struct owner_check *c);

static void routed(const struct route *route, void *arg)
{
    struct owner_check *c = arg;
    c->route = NULL;
    if (route->kind == ROUTE_LATER) {
        answer(c, OWNER_LATER);
    } else if (route->kind == ROUTE_LOCAL
                   ? route_reaches(route, c->account)
                   : route->kind == ROUTE_REMOTE && c->q->sender_check == SENDER_LOCAL) {
        c->at++;
        check_next(c);
    } else {
        answer(c, OWNER_NO);
    }
}

static void check_next(struct owner_check *c)
{
    AUTO_STRBUF struct strbuf map = STRBUF_INIT(SENDER_MAP_MAX);
    read_map(c->q, &map);
    while (c->at < c->n && sender_map_allows(strbuf_bytes(&map), c->account, bytes_of(c->addresses[c->at])))
        c->at++;
    if (c->at == c->n)
        answer(c, c->too_many || c->none ? OWNER_NO : OWNER_YES);
    else
        c->route =
            route_start(c->q->loop, c->q->lookup, &c->q->route, bytes_of(c->addresses[c->at]), routed, c);
}

static void begin_now(void *arg)
{
    check_next(arg);
}

static struct owner_check *check_new(struct queue *q, const char *account, owner_fn *fn, void *arg)
{
    struct owner_check *c = xcalloc(1, sizeof *c);
    *c = (struct owner_check){.q = q, .account = xstrdup(account), .fn = fn, .arg = arg};
    timer_init(&c->now, begin_now, c);
    timer_set(q->loop, &c->now, 0);
    return c;
}

void owner_cancel(struct owner_check *c)
{
    if (!c)
        return;
    timer_stop(c->q->loop, &c->now);
    route_cancel(c->route);
    for (size_t i = 0; i < c->n; i++)
        free(c->addresses[i]);
    free(c->account);
    free(c);
}

/* ---- what is asked of ---- */

struct owner_check *owner_check_path(struct queue *q, const char *account, struct bytes path, owner_fn *fn,
                                     void *arg)
{
    struct owner_check *c = check_new(q, account, fn, arg);
    c->addresses[c->n++] = bytes_dup(path);
    return c;
}

/* An element without a host is the name or the end of a group, or a name of nobody's: asked of like an address. */
static void add_address(void *arg, const struct address *a)
{
    struct owner_check *c = arg;
    if (!a->mailbox.n || a->mailbox.n + a->host.n >= ENVELOPE_PATH_MAX)
        return;
    c->too_many |= c->n == OWNER_ADDRESSES_MAX;
    if (c->too_many)
        return;
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ENVELOPE_PATH_MAX + 1);
    strbuf_addb(&path, a->mailbox);
    if (a->host.n)
        strbuf_addc(&path, '@');
    strbuf_addb(&path, a->host);
    c->addresses[c->n++] = strbuf_detach(&path);
}

struct owner_check *owner_check_message(struct queue *q, const char *account, int fd, uint64_t size,
                                        owner_fn *fn, void *arg)
{
    struct owner_check *c = check_new(q, account, fn, arg);
    size_t n = size < OWNER_HEADER_MAX ? (size_t)size : OWNER_HEADER_MAX;
    AUTO_FREE char *start = xcalloc(n + 1, 1);
    ssize_t got = fs_pread_all(fd, start, n, 0);
    struct bytes rest = bytes_from(start, got > 0 ? (size_t)got : 0);
    struct header_field f;
    while (header_next(&rest, &f))
        if (bytes_eq_nocase(f.name, BYTES("From")) || bytes_eq_nocase(f.name, BYTES("Sender")))
            address_parse(f.value, add_address, c);
    c->none = c->n == 0;
    return c;
}
