/*
 * uid_runs.c - see uid_runs.h.
 */
#include "maildir/uid_runs.h"

#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

void uid_runs_done(struct uid_runs *r)
{
    free(r->runs);
    *r = (struct uid_runs){0};
}

/* Add n successive UIDs at the end. */
static void push_run(struct uid_runs *r, uint32_t uid, uint32_t n)
{
    struct uid_run *last = r->n ? &r->runs[r->n - 1] : NULL;
    if (!n)
        return;
    if (last && last->uid + last->n == uid) {
        last->n += n;
        r->count += n;
        return;
    }
    if (r->n == r->size) {
        r->size = r->size ? r->size * 2 : 4;
        r->runs = xrealloc(r->runs, r->size, sizeof *r->runs);
    }
    r->runs[r->n++] = (struct uid_run){uid, n, r->count + 1};
    r->count += n;
}

void uid_runs_push(struct uid_runs *r, uint32_t uid)
{
    push_run(r, uid, 1);
}

void uid_runs_copy(struct uid_runs *to, const struct uid_runs *from)
{
    uid_runs_done(to);
    for (size_t i = 0; i < from->n; i++)
        push_run(to, from->runs[i].uid, from->runs[i].n);
}

/* Index of the first run that ends at or behind uid. */
static size_t run_of(const struct uid_runs *r, uint32_t uid)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->runs[mid].uid + (r->runs[mid].n - 1) < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint32_t uid_runs_from(const struct uid_runs *r, uint32_t uid)
{
    size_t i = run_of(r, uid);
    if (i == r->n)
        return r->count + 1;
    return uid <= r->runs[i].uid ? r->runs[i].seq : r->runs[i].seq + (uid - r->runs[i].uid);
}

uint32_t uid_runs_seq(const struct uid_runs *r, uint32_t uid)
{
    size_t i = run_of(r, uid);
    return i == r->n || uid < r->runs[i].uid ? 0 : r->runs[i].seq + (uid - r->runs[i].uid);
}

void uid_runs_gaps(const struct uid_runs *r, uint32_t lo, uint32_t hi,
                   void (*gap)(void *arg, uint32_t first, uint32_t last), void *arg)
{
    uint64_t at = lo;
    for (size_t i = run_of(r, lo); at <= hi; i++) {
        uint64_t next = i < r->n ? r->runs[i].uid : (uint64_t)hi + 1;
        uint64_t end = next <= hi ? next : (uint64_t)hi + 1;
        if (end > at)
            gap(arg, (uint32_t)at, (uint32_t)end - 1);
        if (next > hi)
            return;
        at = next + r->runs[i].n;
    }
}

uint32_t uid_runs_at(const struct uid_runs *r, uint32_t seq)
{
    size_t low = 0, high = r->n;
    if (!seq || seq > r->count)
        return 0;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (r->runs[mid].seq <= seq)
            low = mid;
        else
            high = mid;
    }
    return r->runs[low].uid + (seq - r->runs[low].seq);
}

uint32_t uid_runs_last(const struct uid_runs *r)
{
    return r->n ? r->runs[r->n - 1].uid + (r->runs[r->n - 1].n - 1) : 0;
}

/* ---- changing ---- */

struct edit {
    struct uid_runs result;
    const uint32_t *out, *in;
    size_t nout, nin;
};

/* New ones below `limit` (0: all that are left). */
static void put_in(struct edit *e, uint32_t limit)
{
    for (; e->nin && (!limit || *e->in < limit); e->in++, e->nin--)
        if (*e->in > uid_runs_last(&e->result))
            push_run(&e->result, *e->in, 1);
}

/* One old run without what goes. */
static void keep_run(struct edit *e, uint32_t uid, uint32_t n)
{
    uint32_t end = uid + n;
    for (; e->nout && *e->out < end; e->out++, e->nout--) {
        if (*e->out < uid)
            continue;
        push_run(&e->result, uid, *e->out - uid);
        uid = *e->out + 1;
    }
    push_run(&e->result, uid, end - uid);
    for (; e->nin && *e->in < end; e->in++, e->nin--) {
    }
}

void uid_runs_edit(struct uid_runs *r, const uint32_t *out, size_t nout, const uint32_t *in, size_t nin)
{
    struct edit e = {.out = out, .in = in, .nout = nout, .nin = nin};
    for (size_t i = 0; i < r->n; i++) {
        put_in(&e, r->runs[i].uid);
        keep_run(&e, r->runs[i].uid, r->runs[i].n);
    }
    put_in(&e, 0);
    uid_runs_done(r);
    *r = e.result;
}

void uid_runs_missing(const struct uid_runs *a, const struct uid_runs *b,
                      void (*gone)(void *arg, uint32_t uid), void *arg)
{
    size_t j = 0;
    for (size_t i = 0; i < a->n; i++) {
        uint32_t uid = a->runs[i].uid, end = uid + a->runs[i].n;
        while (uid < end) {
            while (j < b->n && b->runs[j].uid + b->runs[j].n <= uid)
                j++;
            uint32_t from = j < b->n ? b->runs[j].uid : end;
            for (; uid < end && uid < from; uid++)
                gone(arg, uid);
            if (uid < end)
                uid = b->runs[j].uid + b->runs[j].n < end ? b->runs[j].uid + b->runs[j].n : end;
        }
    }
}

/* ---- flat form ---- */

void uid_runs_pack(const struct uid_runs *r, uint32_t *out)
{
    for (size_t i = 0; i < r->n; i++) {
        out[2 * i] = r->runs[i].uid;
        out[2 * i + 1] = r->runs[i].n;
    }
}

bool uid_runs_unpack(struct uid_runs *r, const void *pairs, size_t npairs)
{
    uint64_t next = 1;
    uid_runs_done(r);
    for (size_t i = 0; i < npairs; i++) {
        uint32_t pair[2];
        memcpy(pair, (const char *)pairs + i * sizeof pair, sizeof pair);
        uint64_t uid = pair[0], n = pair[1];
        if (uid < next || !n || uid + n > UINT32_MAX) {
            uid_runs_done(r);
            return false;
        }
        push_run(r, (uint32_t)uid, (uint32_t)n);
        next = uid + n;
    }
    return true;
}
