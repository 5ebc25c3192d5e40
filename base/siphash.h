/*
 * siphash.h - SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys come from strangers, who cannot make
 * them collide without knowing the table's secret.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/bytes.h"

#include <stdint.h>

struct siphash_key {
    uint64_t k[2];
};

/* A secret of its own for each table, from the kernel. */
struct siphash_key siphash_key_new(void);
uint64_t siphash(const struct siphash_key *key, struct bytes b);

#endif
