/*
 * auth_throttle.c - see auth_throttle.h. The table has rows of a few places; a newcomer to a full row takes
 * the place that matters least, so that its size is fixed and a flood of addresses costs no memory.
 */
#include "auth/auth_throttle.h"

#include "base/strbuf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 8, ROWS = THROTTLE_ADDRESSES / PLACES };

struct place {
    uint64_t prefix;
    uint64_t last_failure;
    uint32_t failures;
    uint32_t under_way;
    bool used;
};

struct throttle {
    uint64_t seed;
    struct place places[ROWS][PLACES];
};

static uint64_t prefix_of(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

/* IPv4 addresses get prefixes that no IPv6 address in use has (below 2^33). What is no address counts as one.
 */
struct throttle_key throttle_key(const char *remote)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET6, remote, &v6) == 1) {
        if (!IN6_IS_ADDR_V4MAPPED(&v6))
            return (struct throttle_key){prefix_of(v6.s6_addr), IN6_IS_ADDR_LOOPBACK(&v6)};
        memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
    } else if (inet_pton(AF_INET, remote, &v4) != 1) {
        return (struct throttle_key){UINT64_C(2) << 32, false};
    }
    uint32_t host = ntohl(v4.s_addr);
    return (struct throttle_key){UINT64_C(1) << 32 | host, host >> 24 == 127};
}

struct throttle *throttle_new(uint64_t seed)
{
    struct throttle *t = xcalloc(1, sizeof(*t));
    t->seed = seed;
    return t;
}

void throttle_free(struct throttle *t)
{
    free(t);
}

/* A mix whose outcome nobody can aim at who does not know the seed (splitmix64's finisher, twice). */
static uint64_t mix(uint64_t v, uint64_t seed)
{
    for (int i = 0; i < 2; i++) {
        v ^= seed;
        v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
        v ^= v >> 31;
    }
    return v;
}

static bool matters_less(const struct place *a, const struct place *b)
{
    if (a->used != b->used)
        return !a->used;
    if (a->failures != b->failures)
        return a->failures < b->failures;
    return a->last_failure < b->last_failure;
}

/* The place of an address. With `make`, one is found for a newcomer; NULL if all are taken by attempts under
 * way. */
static struct place *place_of(struct throttle *t, uint64_t prefix, bool make)
{
    struct place *row = t->places[mix(prefix, t->seed) % ROWS], *victim = NULL;
    for (int i = 0; i < PLACES; i++) {
        if (row[i].used && row[i].prefix == prefix)
            return &row[i];
        if (row[i].under_way == 0 && (!victim || matters_less(&row[i], victim)))
            victim = &row[i];
    }
    if (!make || !victim)
        return NULL;
    *victim = (struct place){.prefix = prefix, .used = true};
    return victim;
}

static void forget_old_failures(struct place *p, uint64_t now)
{
    if (p->failures && now - p->last_failure >= THROTTLE_FORGET_MS)
        p->failures = 0;
}

bool throttle_begin(struct throttle *t, struct throttle_key key, uint64_t now)
{
    if (key.loopback)
        return true;
    struct place *p = place_of(t, key.prefix, true);
    if (!p)
        return false;
    forget_old_failures(p, now);
    if (p->under_way >= (p->failures ? THROTTLE_PARALLEL_SUSPECT : THROTTLE_PARALLEL))
        return false;
    p->under_way++;
    return true;
}

uint64_t throttle_failed(struct throttle *t, struct throttle_key key, uint64_t now)
{
    struct place *p = key.loopback ? NULL : place_of(t, key.prefix, false);
    if (!p)
        return THROTTLE_FIRST_MS;
    uint64_t delay = p->failures < 8 ? (uint64_t)THROTTLE_FIRST_MS << p->failures : THROTTLE_MAX_MS;
    p->failures += p->failures < UINT32_MAX;
    p->last_failure = now;
    return delay < THROTTLE_MAX_MS ? delay : THROTTLE_MAX_MS;
}

void throttle_end(struct throttle *t, struct throttle_key key)
{
    struct place *p = key.loopback ? NULL : place_of(t, key.prefix, false);
    if (p && p->under_way)
        p->under_way--;
}
