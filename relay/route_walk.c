/*
 * route_walk.c - the lists of a walk: addresses still to be looked at, which rules make longer, and targets. What is named
 * twice counts once, what an ancestor was called goes past the maps. See queue_route.h.
 */
#include "relay/route_request.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>

void route_say(struct route_request *r, const char *format, ...)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(4096);
    va_list ap;
    if (!r->trace)
        return;
    va_start(ap, format);
    strbuf_addv(&text, format, ap);
    va_end(ap);
    r->trace(r->arg, text.data);
}

/* ---- items ---- */

static bool normal_key(const struct route_rules *rules, struct strbuf *key, struct bytes path)
{
    struct bytes local, domain;
    address_cut(path, &local, &domain);
    if (!local_normal(key, local, rules->exact))
        return false;
    return local.n == path.n || (strbuf_addc(key, '@') && domain_normal(key, domain));
}

static bool among_ancestors(const struct route_request *r, const char *key, size_t parent)
{
    for (; parent != NO_PARENT; parent = r->items[parent].parent)
        if (!strcmp(r->items[parent].key, key))
            return true;
    return false;
}

static bool there_already(const struct route_request *r, const char *key, bool plain)
{
    for (size_t i = 0; i < r->nitems; i++)
        if (r->items[i].plain == plain && !strcmp(r->items[i].key, key))
            return true;
    return false;
}

void route_add_item(struct route_request *r, struct bytes path, size_t parent, bool plain)
{
    AUTO_STRBUF struct strbuf key = STRBUF_INIT(ADDRESS_NORMAL_MAX * 2);
    if (!normal_key(r->rules, &key, path) || r->nitems == ROUTE_ITEMS_MAX) {
        if (parent == NO_PARENT)
            r->invalid = true;
        else
            log_error("the way of <%s>: <" BYTES_FMT "> is %s, and gets no mail", r->items[0].address,
                      BYTES_ARG(path), r->nitems == ROUTE_ITEMS_MAX ? "one address too many" : "no address");
        return;
    }
    plain = plain || among_ancestors(r, key.data, parent);
    if (there_already(r, key.data, plain))
        return;
    r->items = xgrow(r->items, r->nitems, sizeof *r->items);
    r->items[r->nitems++] = (struct item){bytes_dup(path), strbuf_detach(&key), parent, plain};
}

/* ---- targets ---- */

void route_add_target(struct route_request *r, enum recipient_kind kind, const char *address,
                      const char *account, const char *folder)
{
    const struct item *item = &r->items[r->current];
    for (size_t i = 0; i < r->ntargets; i++) {
        const struct route_target *t = &r->targets[i];
        if (t->kind == kind && !strcmp(kind == RECIPIENT_LOCAL ? t->account : t->address,
                                       kind == RECIPIENT_LOCAL ? account : address))
            return;
    }
    if (r->ntargets == ROUTE_TARGETS_MAX) {
        log_error("<%s> leads to more than %d recipients: <%s> gets no mail", r->items[0].address,
                  ROUTE_TARGETS_MAX, address);
        return;
    }
    r->targets = xgrow(r->targets, r->ntargets, sizeof *r->targets);
    r->targets[r->ntargets++] =
        (struct route_target){.kind = kind,
                              .address = xstrdup(address),
                              .account = xstrdup(account),
                              .folder = xstrdup(folder),
                              .forwarded = kind == RECIPIENT_REMOTE && item->parent != NO_PARENT};
}

struct recipient *route_target_add(struct envelope *env, const struct route_target *t)
{
    struct recipient *r = envelope_add(env, t->kind, bytes_of(t->address), t->account);
    r->folder = *t->folder ? xstrdup(t->folder) : NULL;
    r->forwarded = t->forwarded;
    return r;
}

bool route_reaches(const struct route *route, const char *account)
{
    for (size_t i = 0; i < route->naccounts; i++)
        if (!strcmp(route->accounts[i], account))
            return true;
    return false;
}

/* ---- rules that put other addresses in the place of one ---- */

static void expand_one(struct route_request *r, const char *target, const char *file, size_t line,
                       bool nested);

static void expand_include(struct route_request *r, const char *path, const char *file, size_t line)
{
    const struct address_map *list;
    while (*path == ' ')
        path++;
    if (route_include(r->rules, path, &list)) {
        log_error("%s:%zu: :include:%s cannot be used", file, line, path);
        route_say(r, "  :include:%s cannot be used: mail is put off", path);
        r->later = true;
        return;
    }
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->entries[i].n; k++)
            expand_one(r, list->entries[i].targets[k], path, list->entries[i].line, true);
}

static void expand_one(struct route_request *r, const char *target, const char *file, size_t line,
                       bool nested)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX * 2);
    bool plain = *target == '\\', include = bytes_starts_nocase(bytes_of(target), BYTES(":include:"));
    if (include && !nested) {
        expand_include(r, target + 9, file, line);
        return;
    }
    if (include || strchr("|/", *target)) {
        log_error("%s:%zu: %.60s: mail is not given to commands and files", file, line, target);
        route_say(r, "  %s:%zu: %.60s: mail is not given to commands and files", file, line, target);
        return;
    }
    if (*target == '@')
        strbuf_addb(&path, strbuf_bytes(&r->local));
    strbuf_adds(&path, target + plain);
    route_say(r, "  -> %s", target);
    route_add_item(r, strbuf_bytes(&path), r->current, plain);
}

void route_expand(struct route_request *r, const struct route_rule *rule)
{
    for (size_t i = 0; i < rule->entry->n; i++)
        expand_one(r, rule->entry->targets[i], rule->file, rule->entry->line, false);
}

void route_expand_forward(struct route_request *r, const struct account *a)
{
    struct map_entry list = {.n = 0};
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    const char *wrong = map_targets(&list, bytes_of(a->forward), false);
    strbuf_addf(&name, "forward= of account %s", a->name);
    if (wrong)
        log_error("%s: %s", name.data, wrong);
    for (size_t i = 0; i < list.n; i++)
        expand_one(r, list.targets[i], name.data, 0, true);
    map_entry_done(&list);
}
