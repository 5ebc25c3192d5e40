/*
 * auth_cache.h - passwords that were found right a moment ago. Pure: told the time.
 *
 * What is remembered is that this password fits this hash, which is true whatever happens to the account: all other rules are looked
 * at anew each time, and an account with another password has another hash. Neither the password nor the hash is kept, but 128 bits of
 * a keyed hash of both.
 */
#ifndef AUTH_AUTH_CACHE_H
#define AUTH_AUTH_CACHE_H

#include "base/bytes.h"

#include <stdint.h>

enum { CACHE_PLACES = 8192 };

struct cache_mark {
    uint64_t half[2];
};
struct cache_mark cache_mark(struct bytes hash, struct bytes password);
bool cache_has(const struct cache_mark *mark, uint64_t now);
void cache_add(const struct cache_mark *mark, uint64_t until);
void cache_clear(void);

#endif
