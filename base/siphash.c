/*
 * siphash.c - see siphash.h. Octets are read in the order of a little-endian machine, whatever this one is.
 */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

struct state {
    uint64_t a, b, c, d;
};

static uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(struct state *s, unsigned rounds)
{
    while (rounds--) {
        s->a += s->b;
        s->c += s->d;
        s->b = turn(s->b, 13) ^ s->a;
        s->d = turn(s->d, 16) ^ s->c;
        s->a = turn(s->a, 32) + s->d;
        s->c += s->b;
        s->d = turn(s->d, 21) ^ s->a;
        s->b = turn(s->b, 17) ^ s->c;
        s->c = turn(s->c, 32);
    }
}

static void take(struct state *s, uint64_t word)
{
    s->d ^= word;
    mix(s, 2);
    s->a ^= word;
}

struct siphash_key siphash_key_new(void)
{
    struct siphash_key key = {{(uintptr_t)&key, 0}};
    if (getrandom(&key, sizeof key, 0) != sizeof key)
        key.k[1] = (uintptr_t)siphash_key_new; /* a kernel without randomness: what the loader chose */
    return key;
}

uint64_t siphash(const struct siphash_key *key, struct bytes b)
{
    struct state s = {key->k[0] ^ 0x736f6d6570736575, key->k[1] ^ 0x646f72616e646f6d,
                      key->k[0] ^ 0x6c7967656e657261, key->k[1] ^ 0x7465646279746573};
    uint64_t word = 0, length = (uint64_t)b.n << 56;
    for (; b.n >= sizeof word; b = bytes_skip(b, sizeof word)) {
        memcpy(&word, b.p, sizeof word);
        take(&s, le64toh(word));
    }
    word = 0;
    if (b.n)
        memcpy(&word, b.p, b.n);
    take(&s, le64toh(word) | length);
    s.c ^= 0xff;
    mix(&s, 4);
    return s.a ^ s.b ^ s.c ^ s.d;
}
