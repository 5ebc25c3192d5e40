/*
 * imap_view.c - see imap_view.h. Both sides are runs of UIDs, so that the difference costs in proportion to the runs and to what
 * has changed, not to the messages.
 */
#include "access/imap_view.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>

void imap_view_done(struct imap_view *v)
{
    uid_runs_done(&v->uids);
    *v = (struct imap_view){.told = 0};
}

void imap_view_start(struct imap_view *v, struct mailbox *mb)
{
    imap_view_done(v);
    uid_runs_copy(&v->uids, mailbox_uids(mb));
    v->max_uid = uid_runs_last(&v->uids);
    v->uidnext = mailbox_uidnext(mb);
    v->told = v->complete = mailbox_sequence(mb);
}

uint32_t imap_view_from(const struct imap_view *v, uint32_t uid)
{
    return uid_runs_from(&v->uids, uid);
}

uint32_t imap_view_seq(const struct imap_view *v, uint32_t uid)
{
    return uid_runs_seq(&v->uids, uid);
}

uint32_t imap_view_uid(const struct imap_view *v, uint32_t seq)
{
    return uid_runs_at(&v->uids, seq);
}

/* ---- removals ---- */

struct gone {
    uint32_t *uids;
    size_t n, size;
};

static void add_gone(void *arg, uint32_t uid)
{
    struct gone *g = arg;
    if (g->n == g->size) {
        g->size = g->size ? g->size * 2 : 64;
        g->uids = xrealloc(g->uids, g->size, sizeof(*g->uids));
    }
    g->uids[g->n++] = uid;
}

/* Each removal is told with the number that is left of it when those before it are gone. */
static void tell_gone(const struct imap_view *v, const struct gone *g, const struct imap_view_sink *sink)
{
    if (sink->vanished)
        sink->vanished(sink->arg, g->uids, g->n);
    for (size_t i = 0; i < g->n && !sink->vanished; i++)
        sink->expunge(sink->arg, imap_view_seq(v, g->uids[i]) - (uint32_t)i);
}

static void tell_expunges(struct imap_view *v, struct mailbox *mb, bool may_expunge,
                          const struct imap_view_sink *sink)
{
    struct gone g = {.uids = NULL};
    uid_runs_missing(&v->uids, mailbox_uids(mb), add_gone, &g);
    v->gone_pending = g.n > 0 && !may_expunge;
    if (may_expunge && g.n > 0) {
        tell_gone(v, &g, sink);
        uid_runs_edit(&v->uids, g.uids, g.n, NULL, 0);
        v->gone_told = true;
    }
    free(g.uids);
}

/* ---- flags and arrivals ---- */

static bool skipped(const struct imap_view_sink *sink, uint32_t uid)
{
    size_t lo = 0, hi = sink->nskip;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (sink->skip[mid] < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < sink->nskip && sink->skip[lo] == uid;
}

static void tell_flags(const struct imap_view *v, struct mailbox *mb, const struct imap_view_sink *sink)
{
    AUTO_FREE uint32_t *uids = NULL;
    struct err ignored; /* the index is made anew then, and the next look tells */
    size_t n;
    if (mailbox_changed(mb, v->told, &uids, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        uint32_t seq = imap_view_seq(v, uids[i]);
        const struct mail *m = seq && !skipped(sink, uids[i]) ? mailbox_find(mb, uids[i]) : NULL;
        if (m && m->changed > v->told)
            sink->flags(sink->arg, seq, m);
    }
}

static bool tell_new(struct imap_view *v, struct mailbox *mb)
{
    const struct uid_runs *now = mailbox_uids(mb);
    uint32_t seq = v->max_uid == UINT32_MAX ? now->count + 1 : uid_runs_from(now, v->max_uid + 1);
    bool any = seq <= now->count;
    for (; seq <= now->count; seq++)
        uid_runs_push(&v->uids, v->max_uid = uid_runs_at(now, seq));
    return any;
}

void imap_view_sync(struct imap_view *v, struct mailbox *mb, bool may_expunge,
                    const struct imap_view_sink *sink)
{
    bool changed = mailbox_sequence(mb) != v->told;
    if (changed || (v->gone_pending && may_expunge))
        tell_expunges(v, mb, may_expunge, sink);
    if (changed) {
        tell_flags(v, mb, sink);
        if (tell_new(v, mb))
            sink->exists(sink->arg, v->uids.count, mailbox_recent(mb));
        v->uidnext = mailbox_uidnext(mb);
        v->told = mailbox_sequence(mb);
    }
    if (!v->gone_pending)
        v->complete = v->told;
}
