/*
 * auth_cache.c - see auth_cache.h. A newcomer takes the place that its bits point at from whoever has it.
 */
#include "auth/auth_cache.h"

#include "base/siphash.h"

#include <string.h>

static struct place {
    struct cache_mark mark;
    uint64_t until;
} places[CACHE_PLACES];

static struct siphash_key keys[2];
static bool keyed;

struct cache_mark cache_mark(struct bytes hash, struct bytes password)
{
    struct cache_mark mark;
    if (!keyed) {
        keys[0] = siphash_key_new();
        keys[1] = siphash_key_new();
        keyed = true;
    }
    for (int i = 0; i < 2; i++) {
        uint64_t both[2] = {siphash(&keys[i], hash), siphash(&keys[!i], password)};
        mark.half[i] = siphash(&keys[i], bytes_from(both, sizeof(both)));
    }
    return mark;
}

static struct place *place_of(const struct cache_mark *mark)
{
    return &places[mark->half[0] % CACHE_PLACES];
}

bool cache_has(const struct cache_mark *mark, uint64_t now)
{
    const struct place *p = place_of(mark);
    return p->until > now && p->mark.half[0] == mark->half[0] && p->mark.half[1] == mark->half[1];
}

void cache_add(const struct cache_mark *mark, uint64_t until)
{
    *place_of(mark) = (struct place){*mark, until};
}

void cache_clear(void)
{
    memset(places, 0, sizeof(places));
}
