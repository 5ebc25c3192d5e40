/*
 * queue_fair.c - a ring of senders with a line each. See queue_fair.h.
 *
 * A sender is there while it has an entry in line or taken; it is in the ring while it has one in line.
 */
#include "relay/queue_fair.h"

#include "base/strbuf.h"

#include <stdlib.h>

struct fair_sender {
    struct fair_sender *chain;       /* in its bucket */
    struct fair_sender *next, *prev; /* in the ring; NULL: nothing in line */
    struct fair_entry *first, *last;
    uint64_t key;
    unsigned taken;
};

uint64_t fair_key(const char *word)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *word; word++)
        h = (h ^ (unsigned char)*word) * UINT64_C(1099511628211);
    return h ? h : 1;
}

static struct fair_sender **find(struct fair *f, uint64_t key)
{
    struct fair_sender **p = &f->buckets[key % FAIR_BUCKETS];
    while (*p && (*p)->key != key)
        p = &(*p)->chain;
    return p;
}

static void enter_ring(struct fair *f, struct fair_sender *s)
{
    if (!f->turn) {
        f->turn = s->next = s->prev = s;
        return;
    }
    s->next = f->turn;
    s->prev = f->turn->prev;
    s->prev->next = s->next->prev = s;
}

static void leave_ring(struct fair *f, struct fair_sender *s)
{
    if (f->turn == s)
        f->turn = s->next == s ? NULL : s->next;
    s->prev->next = s->next;
    s->next->prev = s->prev;
    s->next = s->prev = NULL;
}

static void forget_if_idle(struct fair *f, struct fair_sender *s)
{
    if (s->first || s->taken)
        return;
    struct fair_sender **p = find(f, s->key);
    *p = s->chain;
    free(s);
}

void fair_add(struct fair *f, struct fair_entry *entry, uint64_t key)
{
    fair_finish(f, entry);
    struct fair_sender **p = find(f, key), *s = *p;
    if (!s) {
        *p = s = xcalloc(1, sizeof *s);
        s->key = key;
    }
    if (!s->first)
        enter_ring(f, s);
    *entry = (struct fair_entry){.prev = s->last, .sender = s};
    if (s->last)
        s->last->next = entry;
    else
        s->first = entry;
    s->last = entry;
    f->n++;
}

static bool in_line(const struct fair_entry *entry)
{
    return entry->prev || entry->sender->first == entry;
}

static void unlink_entry(struct fair *f, struct fair_entry *entry)
{
    struct fair_sender *s = entry->sender;
    if (entry->prev)
        entry->prev->next = entry->next;
    else
        s->first = entry->next;
    if (entry->next)
        entry->next->prev = entry->prev;
    else
        s->last = entry->prev;
    entry->next = entry->prev = NULL;
    f->n--;
    if (!s->first)
        leave_ring(f, s);
}

struct fair_entry *fair_take(struct fair *f, unsigned per_sender)
{
    struct fair_sender *s = f->turn;
    while (s && s->taken >= per_sender) {
        s = s->next;
        if (s == f->turn)
            s = NULL;
    }
    if (!s)
        return NULL;
    struct fair_entry *entry = s->first;
    f->turn = s->next;
    unlink_entry(f, entry);
    s->taken++;
    return entry;
}

void fair_finish(struct fair *f, struct fair_entry *entry)
{
    struct fair_sender *s = entry->sender;
    if (!s)
        return;
    if (in_line(entry))
        unlink_entry(f, entry);
    else
        s->taken--;
    entry->sender = NULL;
    forget_if_idle(f, s);
}

void fair_done(struct fair *f)
{
    for (size_t i = 0; i < FAIR_BUCKETS; i++)
        for (struct fair_sender *s = f->buckets[i], *next; s; s = next) {
            next = s->chain;
            free(s);
        }
    *f = (struct fair){.n = 0};
}
