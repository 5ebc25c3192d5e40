/*
 * queue_limits.c - counters for each sender. See queue_limits.h.
 *
 * They are in memory: a restart of the queue forgets what was sent.
 */
#include "relay/queue_limits.h"

#include "base/strbuf.h"
#include "relay/queue_fair.h"

#include <stdlib.h>

#define BUCKETS 4096

struct window {
    uint64_t number; /* of the hour or day since 1970 */
    uint64_t count, before;
};

struct sender {
    struct sender *chain;
    struct sender *older, *newer; /* by their last message */
    char *name;
    struct window windows[LIMIT_KINDS];
    struct window held;
    uint64_t told; /* day in which somebody was told */
};

struct limits {
    struct sender *buckets[BUCKETS];
    struct sender *oldest, *newest;
    size_t n;
};

static const struct {
    const char *unit;
    uint64_t seconds;
    bool recipients;
} kinds[LIMIT_KINDS] = {
    [LIMIT_MESSAGES_HOUR] = {"messages an hour", 3600, false},
    [LIMIT_RECIPIENTS_HOUR] = {"recipients an hour", 3600, true},
    [LIMIT_MESSAGES_DAY] = {"messages a day", 86400, false},
    [LIMIT_RECIPIENTS_DAY] = {"recipients a day", 86400, true},
};

const char *limit_unit(enum limit which)
{
    return kinds[which].unit;
}

struct limits *limits_new(void)
{
    return xcalloc(1, sizeof(struct limits));
}

/* ---- senders, the longest silent first ---- */

static void list_remove(struct limits *l, struct sender *s)
{
    *(s->older ? &s->older->newer : &l->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &l->newest) = s->older;
}

static void list_append(struct limits *l, struct sender *s)
{
    s->older = l->newest;
    s->newer = NULL;
    *(l->newest ? &l->newest->newer : &l->oldest) = s;
    l->newest = s;
}

static struct sender **find(struct limits *l, const char *name)
{
    struct sender **p = &l->buckets[fair_key(name) % BUCKETS];
    while (*p && strcmp((*p)->name, name))
        p = &(*p)->chain;
    return p;
}

static void forget_oldest(struct limits *l)
{
    struct sender *s = l->oldest;
    *find(l, s->name) = s->chain;
    list_remove(l, s);
    l->n--;
    free(s->name);
    free(s);
}

static struct sender *get(struct limits *l, const char *name)
{
    struct sender *s = *find(l, name);
    if (s) {
        list_remove(l, s);
    } else {
        if (l->n == LIMITS_SENDERS_MAX)
            forget_oldest(l);
        struct sender **p = find(l, name);
        *p = s = xcalloc(1, sizeof *s);
        s->name = xstrdup(name);
        l->n++;
    }
    list_append(l, s);
    return s;
}

void limits_free(struct limits *l)
{
    while (l && l->n)
        forget_oldest(l);
    free(l);
}

/* ---- counting ---- */

/* What the last `seconds` come to. A clock that was set back starts anew. */
static uint64_t reckon(struct window *w, uint64_t seconds, uint64_t now)
{
    uint64_t number = now / seconds;
    if (number != w->number) {
        w->before = number == w->number + 1 ? w->count : 0;
        w->count = 0;
        w->number = number;
    }
    return w->count + w->before * (seconds - now % seconds) / seconds;
}

static enum limit_verdict over(struct sender *s, uint64_t now)
{
    uint64_t day = now / 86400 + 1;
    reckon(&s->held, 86400, now);
    if (s->held.count >= LIMITS_HELD_MAX)
        return LIMIT_REFUSE;
    s->held.count++;
    bool first = s->told != day;
    s->told = day;
    return first ? LIMIT_HOLD_FIRST : LIMIT_HOLD;
}

enum limit_verdict limits_ask(struct limits *l, const char *sender, const struct limit_rules *rules,
                              size_t recipients, uint64_t now, enum limit *which)
{
    struct sender *s = get(l, sender);
    for (enum limit k = 0; k < LIMIT_KINDS; k++) {
        uint64_t more = kinds[k].recipients ? recipients : 1;
        if (reckon(&s->windows[k], kinds[k].seconds, now) + more <= (uint64_t)rules->most[k] ||
            rules->most[k] <= 0)
            continue;
        *which = k;
        return over(s, now);
    }
    for (enum limit k = 0; k < LIMIT_KINDS; k++)
        s->windows[k].count += kinds[k].recipients ? recipients : 1;
    return LIMIT_PASS;
}
