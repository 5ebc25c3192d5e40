/*
 * imap_view.c - see imap_view.h. Both lists are sorted by UID, so the difference is one walk over both.
 */
#include "access/imap_view.h"

#include "base/strbuf.h"

#include <stdlib.h>

void imap_view_done(struct imap_view *v)
{
    free(v->runs);
    *v = (struct imap_view){0};
}

/* Add the next UID at the end. */
static void push(struct imap_view *v, uint32_t uid)
{
    struct imap_run *last = v->n ? &v->runs[v->n - 1] : NULL;
    v->count++;
    if (uid > v->max_uid)
        v->max_uid = uid;
    if (last && last->uid + last->n == uid) {
        last->n++;
        return;
    }
    if (v->n == v->size) {
        v->size = v->size ? v->size * 2 : 4;
        v->runs = xrealloc(v->runs, v->size, sizeof(*v->runs));
    }
    v->runs[v->n++] = (struct imap_run){.uid = uid, .n = 1, .seq = v->count};
}

void imap_view_start(struct imap_view *v, const struct mailbox *mb)
{
    imap_view_done(v);
    for (size_t i = 0; i < mailbox_count(mb); i++)
        push(v, mailbox_at(mb, i)->uid);
    v->told = mailbox_sequence(mb);
}

/* Index of the first run that ends at or behind uid. */
static size_t run_by_uid(const struct imap_view *v, uint32_t uid)
{
    size_t lo = 0, hi = v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->runs[mid].uid + (v->runs[mid].n - 1) < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t imap_view_from(const struct imap_view *v, uint32_t uid)
{
    size_t i = run_by_uid(v, uid);
    if (i == v->n)
        return v->count + 1;
    const struct imap_run *r = &v->runs[i];
    return uid <= r->uid ? r->seq : r->seq + (uid - r->uid);
}

uint32_t imap_view_seq(const struct imap_view *v, uint32_t uid)
{
    size_t i = run_by_uid(v, uid);
    if (i == v->n || uid < v->runs[i].uid)
        return 0;
    return v->runs[i].seq + (uid - v->runs[i].uid);
}

uint32_t imap_view_uid(const struct imap_view *v, uint32_t seq)
{
    size_t lo = 0, hi = v->n;
    if (seq == 0 || seq > v->count)
        return 0;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->runs[mid].seq <= seq)
            lo = mid;
        else
            hi = mid;
    }
    return v->runs[lo].uid + (seq - v->runs[lo].seq);
}

/* Build the view anew without the UIDs that the mailbox has no more. Each removal is told with the number
 * that the message has at that moment. */
static void tell_expunges(struct imap_view *v, const struct mailbox *mb, bool may_expunge,
                          const struct imap_view_sink *sink)
{
    struct imap_view now = {.max_uid = v->max_uid};
    size_t at = 0, n = mailbox_count(mb);
    v->gone_pending = false;
    for (size_t i = 0; i < v->n; i++) {
        for (uint32_t k = 0; k < v->runs[i].n; k++) {
            uint32_t uid = v->runs[i].uid + k;
            while (at < n && mailbox_at(mb, at)->uid < uid)
                at++;
            bool gone = at == n || mailbox_at(mb, at)->uid != uid;
            v->gone_pending |= gone && !may_expunge;
            if (gone && may_expunge)
                sink->expunge(sink->arg, now.count + 1);
            else
                push(&now, uid);
        }
    }
    free(v->runs);
    v->runs = now.runs;
    v->n = now.n;
    v->size = now.size;
    v->count = now.count;
}

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

static void tell_flags(const struct imap_view *v, const struct mailbox *mb, const struct imap_view_sink *sink)
{
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *m = mailbox_at(mb, i);
        if (m->changed <= v->told || skipped(sink, m->uid))
            continue;
        uint32_t seq = imap_view_seq(v, m->uid);
        if (seq)
            sink->flags(sink->arg, seq, m);
    }
}

static bool tell_new(struct imap_view *v, const struct mailbox *mb)
{
    size_t at = mailbox_count(mb);
    bool any = false;
    while (at > 0 && mailbox_at(mb, at - 1)->uid > v->max_uid)
        at--;
    for (; at < mailbox_count(mb); at++, any = true)
        push(v, mailbox_at(mb, at)->uid);
    return any;
}

uint32_t imap_view_recent(const struct imap_view *v, const struct mailbox *mb)
{
    uint32_t n = 0;
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *m = mailbox_at(mb, i);
        n += m->recent && imap_view_seq(v, m->uid);
    }
    return n;
}

void imap_view_sync(struct imap_view *v, const struct mailbox *mb, bool may_expunge,
                    const struct imap_view_sink *sink)
{
    bool changed = mailbox_sequence(mb) != v->told;
    if (changed || (v->gone_pending && may_expunge))
        tell_expunges(v, mb, may_expunge, sink);
    if (!changed)
        return;
    tell_flags(v, mb, sink);
    if (tell_new(v, mb))
        sink->exists(sink->arg, v->count, imap_view_recent(v, mb));
    v->told = mailbox_sequence(mb);
}
