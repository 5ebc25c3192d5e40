/*
 * queue_ctl_filter.c - which messages of the spool are meant, oldest first. See queue_ctl.h.
 */
#include "relay/queue_ctl.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

static bool contains(const char *text, const char *part)
{
    return !part || (text && strcasestr(text, part));
}

static bool domain_fits(const char *address, const char *domain)
{
    const char *at = strrchr(address, '@');
    return !domain || (at && !strcasecmp(at + 1, domain));
}

static bool recipient_fits(const struct ctl_filter *f, const struct spooled *m)
{
    for (size_t i = 0; i < m->env.nrcpts; i++) {
        const struct recipient *r = &m->env.rcpts[i];
        if (recipient_final(r))
            continue;
        bool reason = contains(r->text, f->reason) || (m->tried.held && contains(m->tried.reason, f->reason));
        if (contains(r->address, f->recipient) && domain_fits(r->address, f->domain) && reason)
            return true;
    }
    return false;
}

static bool id_fits(const struct ctl_filter *f, const char *id)
{
    for (char *const *p = f->ids; p && *p; p++)
        if (!strcmp(*p, id))
            return true;
    return !f->ids || !*f->ids;
}

bool ctl_fits(const struct ctl_filter *f, const struct spooled *m, uint64_t now)
{
    uint64_t age = now > m->env.arrived ? now - m->env.arrived : 0;
    return id_fits(f, m->env.id) && contains(m->env.reverse_path, f->sender) &&
           contains(m->env.login, f->login) && (!f->older || age >= f->older) &&
           (!f->younger || age < f->younger) && (!f->held || m->tried.held) && recipient_fits(f, m);
}

struct ids {
    char (*list)[STORE_ID_LEN + 1];
    size_t n, size;
    const struct ctl_filter *filter;
};

static void collect(const char *id, void *arg)
{
    struct ids *ids = arg;
    if (!id_fits(ids->filter, id))
        return;
    if (ids->n == ids->size) {
        ids->size = ids->size ? ids->size * 2 : 256;
        ids->list = xrealloc(ids->list, ids->size, sizeof *ids->list);
    }
    memcpy(ids->list[ids->n++], id, STORE_ID_LEN + 1);
}

static int in_order(const void *a, const void *b)
{
    return memcmp(a, b, STORE_ID_LEN);
}

int ctl_each(struct ctl *ctl, bool (*fn)(struct ctl *, const struct spooled *, void *), void *arg)
{
    struct ids ids = {.filter = &ctl->filter};
    struct err e;
    if (store_scan(ctl->store, collect, &ids, &e)) {
        fprintf(stderr, "posthouse queue: %s\n", e.text);
        return -1;
    }
    if (ids.n)
        qsort(ids.list, ids.n, sizeof *ids.list, in_order);
    bool more = true;
    for (size_t i = 0; i < ids.n && more; i++) {
        struct spooled m;
        if (store_load(ctl->store, ids.list[i], &m, &e)) {
            if (e.code != ERR_NOTFOUND) /* it was finished meanwhile */
                fprintf(stderr, "posthouse queue: %s\n", e.text);
            continue;
        }
        if (ctl_fits(&ctl->filter, &m, ctl->now))
            more = fn(ctl, &m, arg);
        spooled_done(&m);
    }
    free(ids.list);
    return 0;
}

uint64_t ctl_next(const struct ctl *ctl, const struct spooled *m)
{
    return m->tried.held
               ? 0
               : schedule_next(&ctl->schedule, m->env.arrived, m->tried.attempts, m->tried.last, ctl->now);
}
