/*
 * queue_route.c - the walk of queue_route.h: a list of addresses to look at, which rules make longer, and a list of targets.
 *
 * Addresses are looked at one after the other; each has its questions (account, alias, account ...) in order, and the first
 * that is answered decides. Only accounts must be waited for.
 */
#include "relay/route_request.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>

/* ---- the end ---- */

static void clear_questions(struct route_request *r)
{
    r->nquestions = r->next = 0;
}

static void release(struct route_request *r)
{
    timer_stop(r->loop, &r->now);
    for (size_t i = 0; i < r->nitems; i++) {
        free(r->items[i].address);
        free(r->items[i].key);
    }
    for (size_t i = 0; i < r->ntargets; i++) {
        free(r->targets[i].address);
        free(r->targets[i].account);
        free(r->targets[i].folder);
    }
    account_done(&r->account);
    strbuf_done(&r->local);
    strbuf_done(&r->domain);
    free(r->items);
    free(r->targets);
    for (size_t i = 0; i < r->naccounts; i++)
        free(r->accounts[i]);
    free(r->accounts);
    free(r->questions);
    free(r);
}

void route_cancel(struct route_request *r)
{
    if (!r)
        return;
    auth_lookup_forget(r->lookup, r);
    release(r);
}

static enum route_kind verdict(const struct route_request *r)
{
    size_t known = 0;
    for (size_t i = 0; i < r->ntargets; i++)
        known += r->targets[i].kind != RECIPIENT_UNROUTED;
    if (r->later)
        return ROUTE_LATER;
    if (r->invalid)
        return ROUTE_INVALID;
    if (r->remote)
        return ROUTE_REMOTE;
    return known ? ROUTE_LOCAL : ROUTE_UNKNOWN;
}

static void answer(void *arg)
{
    struct route_request *r = arg;
    bool one = r->ntargets == 1 && r->targets[0].kind == RECIPIENT_LOCAL;
    struct route route = {verdict(r),  one ? &r->account : NULL, r->targets, r->ntargets, r->accounts,
                          r->naccounts};
    r->fn(&route, r->arg);
    release(r);
}

/* ---- one address ---- */

static void ask(struct route_request *r, int kind, struct bytes local, bool domain, bool detail, bool lower)
{
    struct question q = {.kind = kind, .detail = detail};
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(sizeof q.name - 1);
    if (lower ? !local_normal(&name, local, false) : !strbuf_addb(&name, local))
        return;
    if (domain)
        strbuf_addf(&name, "@%s", r->domain.data);
    if (name.overflow || r->nquestions == QUESTIONS_MAX)
        return;
    for (size_t i = 0; i < r->nquestions; i++)
        if ((int)r->questions[i].kind == kind && !strcmp(r->questions[i].name, name.data))
            return;
    memcpy(q.name, name.data, name.len + 1);
    r->questions[r->nquestions++] = q;
}

static void ask_about(struct route_request *r, struct bytes written, bool host, bool detail)
{
    bool plain = r->items[r->current].plain, lower = !r->rules->exact;
    for (int l = 0; l <= lower; l++)
        if (r->domain.len)
            ask(r, ASK_ACCOUNT, written, true, detail, l);
    if (host && !plain)
        ask(r, ASK_ALIAS, written, false, detail, lower);
    for (int l = 0; l <= lower && host; l++)
        ask(r, ASK_ACCOUNT, written, false, detail, l);
}

static bool may_be_a_name(struct bytes b)
{
    return b.n <= AUTH_NAME_MAX && bytes_index(b, '/') == b.n;
}

static void take_next(struct route_request *r);

/* Nobody: postmaster and root have mail all the same. */
static void nobody(struct route_request *r)
{
    const struct item *item = &r->items[r->current];
    struct bytes local = strbuf_bytes(&r->local);
    bool postmaster = bytes_eq_nocase(local, BYTES("postmaster"));
    AUTO_STRBUF struct strbuf admin = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    struct route_rule root = {NULL, NULL};
    if (postmaster && route_alias(r->rules, BYTES("root"), &root) < 0)
        r->later = true;
    if (postmaster && root.entry) {
        route_say(r, "%s: nobody; its mail goes where root's does, %s:%zu", item->address, root.file,
                  root.entry->line);
        route_expand(r, &root);
    } else if ((postmaster || bytes_eq_nocase(local, BYTES("root"))) &&
               route_administrator(r->rules, &admin)) {
        route_say(r, "%s: nobody; its mail goes to the administrator, %s", item->address, admin.data);
        route_add_item(r, strbuf_bytes(&admin), r->current, false);
    } else {
        route_say(r, "%s: there is no such user", item->address);
        if (item->parent != NO_PARENT)
            log_warn("<%s> leads to <%s>, but there is no such user", r->items[0].address, item->address);
        route_add_target(r, RECIPIENT_UNROUTED, item->address, "", "");
    }
}

static void found_account(struct route_request *r, const struct account *a, const struct question *q)
{
    const struct item *item = &r->items[r->current];
    struct bytes local, domain, detail = BYTES("");
    AUTO_STRBUF struct strbuf folder = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    r->accounts = xgrow(r->accounts, r->naccounts, sizeof(char *));
    r->accounts[r->naccounts++] = xstrdup(a->name);
    if (a->forward && !item->plain) {
        route_say(r, "%s: account %s, which forwards its mail (forward= in its passwd-file)", item->address,
                  a->name);
        route_expand_forward(r, a);
        return;
    }
    address_cut(bytes_of(item->address), &local, &domain);
    if (q->detail)
        detail = bytes_skip(local, route_detail(r->rules, local) + 1);
    if (detail.n && detail.p[detail.n - 1] == '"')
        detail.n--;
    strbuf_addb(&folder, detail);
    route_say(r, "%s: account %s, uid %u, mail in %s%s%s", item->address, a->name, (unsigned)a->uid, a->mail,
              folder.len ? "; into the folder of this name if there is one: " : "", folder.data);
    account_done(&r->account);
    account_copy(&r->account, a);
    route_add_target(r, RECIPIENT_LOCAL, item->address, a->name, folder.data);
}

static void ask_next(struct route_request *r);

static void on_account(int status, const struct account *account, void *arg)
{
    struct route_request *r = arg;
    const struct question *q = &r->questions[r->next - 1];
    r->waiting = false;
    if (status == 1) {
        found_account(r, account, q);
        take_next(r);
    } else if (status < 0) {
        route_say(r, "account %s: the accounts cannot be looked up now", q->name);
        r->later = true;
        take_next(r);
    } else {
        route_say(r, "account %s: there is none", q->name);
        ask_next(r);
    }
}

/* true: decided. */
static bool asked_alias(struct route_request *r, const char *name)
{
    struct route_rule rule;
    int found = route_alias(r->rules, bytes_of(name), &rule);
    if (found > 0) {
        route_say(r, "alias %s: %s:%zu", name, rule.file, rule.entry->line);
        route_expand(r, &rule);
    } else if (found < 0) {
        route_say(r, "alias %s: the aliases cannot be read", name);
        r->later = true;
    } else {
        route_say(r, "alias %s: there is none", name);
    }
    return found;
}

static void ask_next(struct route_request *r)
{
    while (r->next < r->nquestions) {
        const struct question *q = &r->questions[r->next++];
        if (q->kind == ASK_ACCOUNT) {
            r->waiting = true;
            auth_lookup_name(r->lookup, bytes_of(q->name), on_account, r);
            return;
        }
        if (asked_alias(r, q->name)) {
            take_next(r);
            return;
        }
    }
    nobody(r);
    take_next(r);
}

/* ---- the steps before accounts; true: decided ---- */

static bool step_srs(struct route_request *r, struct bytes written)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    const struct route_rules *rules = r->rules;
    if (!rules->srs_domain || !rules->srs_key ||
        !bytes_eq(strbuf_bytes(&r->domain), bytes_of(rules->srs_domain)))
        return false;
    enum srs_verdict v = srs_decode(&path, rules->srs_key, time(NULL), written);
    if (v == SRS_NONE)
        return false;
    if (v == SRS_OK) {
        route_say(r, "%s: a rewritten sender, back to %s", r->items[r->current].address, path.data);
        route_add_item(r, strbuf_bytes(&path), r->current, false);
    } else {
        route_say(r, "%s: a rewritten sender that is %s", r->items[r->current].address,
                  v == SRS_EXPIRED ? "too old" : "not from us");
    }
    return true;
}

static bool step_virtual(struct route_request *r, bool host)
{
    struct route_rule rule;
    int found = route_virtual(r->rules, strbuf_bytes(&r->local), strbuf_bytes(&r->domain), host, &rule);
    if (found > 0) {
        route_say(r, "%s: %s:%zu (%s)", r->items[r->current].address, rule.file, rule.entry->line,
                  rule.entry->key);
        route_expand(r, &rule);
    }
    if (found < 0) {
        route_say(r, "%s: a virtual map cannot be read", r->items[r->current].address);
        r->later = true;
    }
    return found;
}

static bool step_elsewhere(struct route_request *r, enum route_domain domain, const char *why)
{
    const struct item *item = &r->items[r->current];
    if (domain == DOMAIN_LATER) {
        route_say(r, "domain %s: %s cannot be read", r->domain.data, why);
        r->later = true;
        return true;
    }
    route_say(r, "domain %s: %s", r->domain.len ? r->domain.data : "(none)", why);
    if (domain != DOMAIN_ELSEWHERE)
        return false;
    r->remote = r->remote || item->parent == NO_PARENT;
    route_add_target(r, RECIPIENT_REMOTE, item->address, "", "");
    return true;
}

static void look_at(struct route_request *r)
{
    const struct item *item = &r->items[r->current];
    const char *why;
    struct bytes local, domain;
    AUTO_STRBUF struct strbuf written = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    address_cut(bytes_of(item->address), &local, &domain);
    strbuf_clear(&r->local);
    strbuf_clear(&r->domain);
    clear_questions(r);
    local_normal(&r->local, local, r->rules->exact);
    local_normal(&written, local, true);
    if (domain.n)
        domain_normal(&r->domain, domain);
    if (step_srs(r, strbuf_bytes(&written))) {
        take_next(r);
        return;
    }
    enum route_domain place = route_domain(r->rules, strbuf_bytes(&r->domain), &why);
    if ((!item->plain && step_virtual(r, place == DOMAIN_HOST)) || step_elsewhere(r, place, why)) {
        take_next(r);
        return;
    }
    struct bytes w = strbuf_bytes(&written);
    if (may_be_a_name(w)) {
        size_t detail = route_detail(r->rules, w);
        ask_about(r, w, place == DOMAIN_HOST, false);
        if (detail < w.n)
            ask_about(r, bytes_from(w.p, detail), place == DOMAIN_HOST, true);
    } else {
        r->invalid = r->invalid || item->parent == NO_PARENT;
    }
    ask_next(r);
}

static void look_at_current(void *arg)
{
    look_at(arg);
}

/* The next address; from a timer, so that long lists neither recurse nor answer from inside of route_start. */
static void take_next(struct route_request *r)
{
    r->current++;
    timer_init(&r->now, r->current < r->nitems ? look_at_current : answer, r);
    timer_set(r->loop, &r->now, 0);
}

struct route_request *route_explain(struct loop *loop, struct auth_lookup *lookup,
                                    const struct route_rules *rules, struct bytes path, route_fn *fn,
                                    route_trace_fn *trace, void *arg)
{
    struct route_request *r = xcalloc(1, sizeof *r);
    *r = (struct route_request){
        .loop = loop, .lookup = lookup, .rules = rules, .fn = fn, .trace = trace, .arg = arg};
    strbuf_init(&r->local, ADDRESS_NORMAL_MAX);
    strbuf_init(&r->domain, ADDRESS_NORMAL_MAX);
    r->questions = xcalloc(QUESTIONS_MAX, sizeof *r->questions);
    timer_init(&r->now, answer, r);
    route_add_item(r, path, NO_PARENT, false);
    if (r->nitems)
        look_at(r);
    else
        timer_set(loop, &r->now, 0);
    return r;
}

struct route_request *route_start(struct loop *loop, struct auth_lookup *lookup,
                                  const struct route_rules *rules, struct bytes path, route_fn *fn, void *arg)
{
    return route_explain(loop, lookup, rules, path, fn, NULL, arg);
}
