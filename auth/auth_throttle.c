/*
 * auth_throttle.c - see auth_throttle.h. Each table has rows of a few places; a newcomer to a full row takes
 * the place that matters least, so that its size is fixed and a flood of addresses or names costs no memory.
 */
#include "auth/auth_throttle.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACES = 8,
    ROWS = THROTTLE_ADDRESSES / PLACES,
    KNOWN_ROWS = THROTTLE_KNOWN / PLACES,
    NAME_MAX_FOLDED = 255
};

struct place {
    uint64_t id; /* prefix of an address, or hash of a name */
    uint64_t last_failure;
    uint32_t failures;
    uint32_t under_way;
    bool used;
    uint8_t next_repeat;
    uint64_t repeats[THROTTLE_REPEATS]; /* secrets that were wrong */
};

struct table {
    struct place places[ROWS][PLACES];
};

struct known {
    uint64_t pair, last; /* last: seconds of the wall clock; 0 is free */
};

struct throttle {
    struct siphash_key key;
    struct table addresses, accounts;
    struct known known[KNOWN_ROWS][PLACES];
    throttle_known_fn *known_changed; /* NULL: nobody keeps them */
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

struct throttle *throttle_new(struct siphash_key key)
{
    struct throttle *t = xcalloc(1, sizeof(*t));
    t->key = key;
    return t;
}

void throttle_free(struct throttle *t)
{
    free(t);
}

static uint64_t hash_pair(const struct throttle *t, uint64_t a, uint64_t b)
{
    uint64_t both[2] = {a, b};
    return siphash(&t->key, bytes_from(both, sizeof(both)));
}

struct throttle_try throttle_try(const struct throttle *t, struct throttle_key address, struct bytes name,
                                 struct bytes password)
{
    char folded[NAME_MAX_FOLDED];
    if (name.n > sizeof(folded))
        name.n = sizeof(folded);
    ascii_fold(folded, name);
    struct throttle_try a = {.address = address, .account = siphash(&t->key, bytes_from(folded, name.n))};
    a.secret = hash_pair(t, a.account, siphash(&t->key, password));
    return a;
}

static bool matters_less(const struct place *a, const struct place *b)
{
    if (a->used != b->used)
        return !a->used;
    if (a->failures != b->failures)
        return a->failures < b->failures;
    return a->last_failure < b->last_failure;
}

/* The place of an id. With `make`, one is found for a newcomer; NULL if all are taken by attempts under
 * way. */
static struct place *place_of(struct throttle *t, struct table *table, uint64_t id, bool make)
{
    struct place *row = table->places[hash_pair(t, id, 0) % ROWS], *victim = NULL;
    for (int i = 0; i < PLACES; i++) {
        if (row[i].used && row[i].id == id)
            return &row[i];
        if (row[i].under_way == 0 && (!victim || matters_less(&row[i], victim)))
            victim = &row[i];
    }
    if (!make || !victim)
        return NULL;
    *victim = (struct place){.id = id, .used = true};
    return victim;
}

static void forget_old_failures(struct place *p, uint64_t now)
{
    if (p->failures && now - p->last_failure >= THROTTLE_FORGET_MS) {
        p->failures = 0;
        memset(p->repeats, 0, sizeof(p->repeats));
    }
}

/* ---- who has logged in from where ---- */

static struct known *known_of(struct throttle *t, uint64_t prefix, uint64_t account, bool make)
{
    uint64_t pair = hash_pair(t, prefix, account);
    struct known *row = t->known[pair % KNOWN_ROWS], *oldest = row;
    for (int i = 0; i < PLACES; i++) {
        if (row[i].last && row[i].pair == pair)
            return &row[i];
        if (row[i].last < oldest->last)
            oldest = &row[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct known){pair, 1};
    return oldest;
}

void throttle_know(struct throttle *t, struct bytes file, throttle_known_fn *changed)
{
    _Static_assert(sizeof(t->known) == THROTTLE_KNOWN_BYTES, "the file's size");
    t->known_changed = changed;
    memcpy(t->known, file.p, file.n < sizeof(t->known) ? file.n : sizeof(t->known));
}

static void mark_known(struct throttle *t, uint64_t prefix, uint64_t account, uint64_t seconds)
{
    struct known *k = known_of(t, prefix, account, true);
    bool tell = t->known_changed && (k->last + THROTTLE_KNOWN_REST < seconds || k->last > seconds);
    if (tell || !t->known_changed)
        k->last = seconds;
    if (tell)
        t->known_changed((size_t)((const char *)k - (const char *)t->known), k, sizeof(*k));
}

void throttle_succeeded(struct throttle *t, const struct throttle_try *a, uint64_t seconds)
{
    mark_known(t, a->address.prefix, a->account, seconds);
    mark_known(t, a->address.prefix, 0, seconds); /* somebody has */
}

/* ---- the life of an attempt ---- */

static bool account_has_room(struct throttle *t, struct throttle_try *a, uint64_t now)
{
    struct place *p = a->known ? NULL : place_of(t, &t->accounts, a->account, false);
    if (!p)
        return true;
    forget_old_failures(p, now);
    if (p->failures >= THROTTLE_ACCOUNT_FREE && p->under_way >= THROTTLE_ACCOUNT_PARALLEL)
        return false;
    p->under_way++;
    a->held_account = true;
    return true;
}

static bool address_has_room(struct throttle *t, struct throttle_try *a, uint64_t now)
{
    struct place *p = a->address.trusted ? NULL : place_of(t, &t->addresses, a->address.prefix, true);
    if (!p)
        return a->address.trusted;
    forget_old_failures(p, now);
    if (p->under_way >= (p->failures && !a->known ? THROTTLE_PARALLEL_SUSPECT : THROTTLE_PARALLEL))
        return false;
    p->under_way++;
    a->held = true;
    return true;
}

bool throttle_begin(struct throttle *t, struct throttle_try *a, uint64_t now)
{
    a->held = a->held_account = false;
    a->known = known_of(t, a->address.prefix, a->account, false) != NULL;
    if (!account_has_room(t, a, now))
        return false;
    if (address_has_room(t, a, now))
        return true;
    throttle_end(t, a);
    return false;
}

/* Has this very password failed here before? It is remembered from now on. */
static bool repeated(struct place *p, uint64_t secret)
{
    for (int i = 0; i < THROTTLE_REPEATS; i++)
        if (p->repeats[i] == secret)
            return true;
    p->repeats[p->next_repeat++ % THROTTLE_REPEATS] = secret;
    return false;
}

/* Counts one failure more, unless it is a repetition; the failures before. */
static uint32_t count_failure(struct place *p, uint64_t secret, uint64_t now, bool *again)
{
    forget_old_failures(p, now);
    uint32_t before = p->failures;
    p->last_failure = now;
    *again = repeated(p, secret);
    if (!*again && p->failures < UINT32_MAX)
        p->failures++;
    return before;
}

uint64_t throttle_failed(struct throttle *t, const struct throttle_try *a, uint64_t now, uint32_t *count)
{
    struct place *p = a->address.trusted ? NULL : place_of(t, &t->addresses, a->address.prefix, true);
    struct place *account = a->known ? NULL : place_of(t, &t->accounts, a->account, true);
    bool again = false, account_again = false;
    *count = 0;
    if (account)
        count_failure(account, a->secret, now, &account_again);
    if (!p)
        return THROTTLE_FIRST_MS;
    uint32_t before = count_failure(p, a->secret, now, &again);
    if (again)
        return THROTTLE_FIRST_MS;
    if (!known_of(t, a->address.prefix, 0, false))
        *count = p->failures;
    uint64_t delay = before < 8 ? (uint64_t)THROTTLE_FIRST_MS << before : THROTTLE_MAX_MS;
    return delay < THROTTLE_MAX_MS ? delay : THROTTLE_MAX_MS;
}

static void release(struct throttle *t, struct table *table, uint64_t id, bool *held)
{
    struct place *p = *held ? place_of(t, table, id, false) : NULL;
    if (p && p->under_way)
        p->under_way--;
    *held = false;
}

void throttle_end(struct throttle *t, struct throttle_try *a)
{
    release(t, &t->addresses, a->address.prefix, &a->held);
    release(t, &t->accounts, a->account, &a->held_account);
}

static uint32_t failures_of(struct throttle *t, struct table *table, uint64_t id, uint64_t now)
{
    struct place *p = place_of(t, table, id, false);
    if (p)
        forget_old_failures(p, now);
    return p ? p->failures : 0;
}

void throttle_look(struct throttle *t, struct throttle_try *a, uint64_t now, uint32_t *address,
                   uint32_t *account)
{
    a->known = known_of(t, a->address.prefix, a->account, false) != NULL;
    *address = failures_of(t, &t->addresses, a->address.prefix, now);
    *account = failures_of(t, &t->accounts, a->account, now);
}

void throttle_forgive(struct throttle *t, struct throttle_key address)
{
    struct place *p = place_of(t, &t->addresses, address.prefix, false);
    if (p)
        p->failures = 0;
}
