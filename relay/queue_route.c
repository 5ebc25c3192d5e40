/*
 * queue_route.c - recipient to account, remote, or unknown. See queue_route.h.
 */
#include "relay/queue_route.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>

struct route_request {
    struct loop *loop;
    struct auth_lookup *lookup;
    struct timer now; /* for answers that need no lookup */
    char *names[ROUTE_NAMES_MAX];
    size_t n, next;
    enum route_kind kind;
    route_fn *fn;
    void *arg;
};

/* ---- pure: from address to names ---- */

/* Undo a quoted local part: "john smith" is john smith. */
static bool unquote(struct strbuf *out, struct bytes local)
{
    if (!local.n || local.p[0] != '"')
        return strbuf_addb(out, local) && local.n;
    for (size_t i = 1; i < local.n; i++) {
        if (local.p[i] == '"')
            return i == local.n - 1 && out->len;
        if (local.p[i] == '\\' && ++i == local.n)
            return false;
        strbuf_addc(out, local.p[i]);
    }
    return false;
}

static bool clean(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127 || b.p[i] == '/')
            return false;
    return b.n <= AUTH_NAME_MAX;
}

static bool ours(const struct route_rules *rules, struct bytes domain)
{
    if (!domain.n || bytes_eq_nocase(domain, BYTES("localhost")) ||
        bytes_eq_nocase(domain, bytes_of(rules->hostname)))
        return true;
    for (char *const *d = rules->domains; d && *d; d++)
        if (bytes_eq_nocase(domain, bytes_of(*d)))
            return true;
    return false;
}

struct names {
    char **names;
    size_t n;
};

static void add_name(struct names *list, struct bytes local, struct bytes domain, bool lower)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(AUTH_NAME_MAX);
    strbuf_addb(&name, local);
    for (size_t i = 0; lower && i < name.len; i++)
        name.data[i] = ascii_lower(name.data[i]);
    if (domain.n)
        strbuf_addc(&name, '@');
    size_t at = name.len;
    strbuf_addb(&name, domain);
    for (size_t i = at; i < name.len; i++)
        name.data[i] = ascii_lower(name.data[i]);
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->names[i], name.data))
            return;
    if (!name.overflow && list->n < ROUTE_NAMES_MAX)
        list->names[list->n++] = strbuf_detach(&name);
}

static void add_names(struct names *list, struct bytes local, struct bytes domain)
{
    for (int lower = 0; lower < 2; lower++) {
        if (domain.n)
            add_name(list, local, domain, lower);
        add_name(list, local, BYTES(""), lower);
    }
}

size_t route_names(const struct route_rules *rules, struct bytes path, char *names[ROUTE_NAMES_MAX],
                   bool *remote)
{
    struct names list = {names, 0};
    struct bytes local = path, domain = BYTES("");
    AUTO_STRBUF struct strbuf plain = STRBUF_INIT(AUTH_NAME_MAX);
    *remote = false;
    const char *at = path.n ? memrchr(path.p, '@', path.n) : NULL;
    if (at) {
        local.n = (size_t)(at - path.p);
        domain = bytes_skip(path, local.n + 1);
    }
    if ((at && !domain.n) || !local.n)
        return 0;
    *remote = !ours(rules, domain);
    if (*remote || !unquote(&plain, local) || plain.overflow || !clean(strbuf_bytes(&plain)))
        return 0;
    local = strbuf_bytes(&plain);
    add_names(&list, local, domain);
    const char *sub = rules->subaddress ? memchr(local.p, rules->subaddress, local.n) : NULL;
    if (sub && sub > local.p)
        add_names(&list, bytes_from(local.p, (size_t)(sub - local.p)), domain);
    return list.n;
}

/* ---- asking ---- */

void route_cancel(struct route_request *r)
{
    if (!r)
        return;
    timer_stop(r->loop, &r->now);
    auth_lookup_forget(r->lookup, r);
    for (size_t i = 0; i < r->n; i++)
        free(r->names[i]);
    free(r);
}

static void answer(struct route_request *r, enum route_kind kind, const struct account *account)
{
    struct route route = {kind, account};
    route_fn *fn = r->fn;
    void *arg = r->arg;
    timer_stop(r->loop, &r->now);
    for (size_t i = 0; i < r->n; i++)
        free(r->names[i]);
    free(r);
    fn(&route, arg);
}

static void answer_now(void *arg)
{
    struct route_request *r = arg;
    answer(r, r->kind, NULL);
}

static void found(int status, const struct account *account, void *arg);

static void ask_next(struct route_request *r)
{
    auth_lookup_name(r->lookup, bytes_of(r->names[r->next++]), found, r);
}

static void found(int status, const struct account *account, void *arg)
{
    struct route_request *r = arg;
    if (status == 1)
        answer(r, ROUTE_LOCAL, account);
    else if (status < 0)
        answer(r, ROUTE_LATER, NULL);
    else if (r->next < r->n)
        ask_next(r);
    else
        answer(r, ROUTE_UNKNOWN, NULL);
}

struct route_request *route_start(struct loop *loop, struct auth_lookup *lookup,
                                  const struct route_rules *rules, struct bytes path, route_fn *fn, void *arg)
{
    struct route_request *r = xcalloc(1, sizeof *r);
    bool remote;
    *r = (struct route_request){.loop = loop, .lookup = lookup, .fn = fn, .arg = arg};
    timer_init(&r->now, answer_now, r);
    r->n = route_names(rules, path, r->names, &remote);
    r->kind = remote ? ROUTE_REMOTE : ROUTE_INVALID;
    if (r->n)
        ask_next(r);
    else
        timer_set(loop, &r->now, 0);
    return r;
}
