/*
 * queue_schedule.c - back-off, expiry, lanes, and the heap of what waits. See queue_schedule.h.
 */
#include "relay/queue_schedule.h"

#include "base/strbuf.h"

#include <stdlib.h>

#define LANE_REST_FIRST 5
#define LANE_REST_MAX   60

uint64_t schedule_backoff(const struct schedule_rules *rules, unsigned attempts)
{
    uint64_t wait = rules->retry_first ? rules->retry_first : 1;
    for (unsigned i = 1; i < attempts && wait < rules->retry_max; i++)
        wait *= 2;
    return wait < rules->retry_max ? wait : rules->retry_max;
}

uint64_t schedule_next(const struct schedule_rules *rules, uint64_t arrived, unsigned attempts, uint64_t last,
                       uint64_t now)
{
    if (!attempts || last > now)
        return now;
    uint64_t next = last + schedule_backoff(rules, attempts), end = arrived + rules->expire;
    return next < end || end < now ? next : end;
}

bool schedule_late(const struct schedule_rules *rules, uint64_t arrived, uint64_t now)
{
    return rules->delay_notice && now >= arrived && now - arrived >= rules->delay_notice;
}

bool schedule_expired(const struct schedule_rules *rules, uint64_t arrived, uint64_t now)
{
    return now >= arrived && now - arrived >= rules->expire;
}

/* ---- lanes ---- */

bool lane_free(const struct schedule_lane *lane)
{
    return lane->busy < lane->limit;
}

bool lane_resting(const struct schedule_lane *lane, uint64_t now)
{
    return now < lane->rest_until && lane->rest_until - now <= LANE_REST_MAX;
}

void lane_answered(struct schedule_lane *lane)
{
    lane->failures = 0;
    lane->rest_until = 0;
}

void lane_unreachable(struct schedule_lane *lane, const struct schedule_rules *rules, uint64_t now)
{
    uint64_t rest = LANE_REST_FIRST;
    for (unsigned i = 0; i < lane->failures && rest < LANE_REST_MAX; i++)
        rest *= 2;
    lane->failures++;
    if (rest > LANE_REST_MAX)
        rest = LANE_REST_MAX;
    lane->rest_until = now + (rest < rules->retry_first ? rest : rules->retry_first);
}

/* ---- the heap ---- */

static bool before(const struct schedule_entry *a, const struct schedule_entry *b)
{
    return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void place(struct schedule *s, size_t i, struct schedule_entry *entry)
{
    s->heap[i] = entry;
    entry->position = i + 1;
}

static void sift_up(struct schedule *s, size_t i)
{
    struct schedule_entry *entry = s->heap[i];
    for (; i > 0 && before(entry, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        place(s, i, s->heap[(i - 1) / 2]);
    place(s, i, entry);
}

static void sift_down(struct schedule *s, size_t i)
{
    struct schedule_entry *entry = s->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < s->n && before(s->heap[child + 1], s->heap[child]))
            child++;
        if (child >= s->n || !before(s->heap[child], entry))
            break;
        place(s, i, s->heap[child]);
        i = child;
    }
    place(s, i, entry);
}

void schedule_add(struct schedule *s, struct schedule_entry *entry, uint64_t due)
{
    schedule_remove(s, entry);
    if (s->n == s->size) {
        s->size = s->size ? s->size * 2 : 64;
        s->heap = xrealloc(s->heap, s->size, sizeof(struct schedule_entry *));
    }
    entry->due = due;
    entry->order = s->orders++;
    place(s, s->n++, entry);
    sift_up(s, s->n - 1);
}

void schedule_remove(struct schedule *s, struct schedule_entry *entry)
{
    if (!entry->position)
        return;
    size_t i = entry->position - 1;
    struct schedule_entry *last = s->heap[--s->n];
    entry->position = 0;
    if (last == entry)
        return;
    place(s, i, last);
    sift_down(s, i);
    sift_up(s, last->position - 1);
}

struct schedule_entry *schedule_first(const struct schedule *s)
{
    return s->n ? s->heap[0] : NULL;
}

void schedule_done(struct schedule *s)
{
    free(s->heap);
    *s = (struct schedule){.n = 0};
}
