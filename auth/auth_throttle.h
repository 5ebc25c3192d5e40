/*
 * auth_throttle.h - slowing down guessers, by address and by account. Pure: told the time, keeps no clock.
 *
 * Each attempt begins and ends. While an address has recent failures only a few of its attempts may be under
 * way at once, and an attempt is under way until its answer has been sent: the delay of a failure (1 s, 2 s,
 * 4 s ... 15 s) so becomes the pace of guessing however many connections are used. IPv6 counts per /64.
 *
 * An account that is guessed at from many addresses is slowed down in the same way, for addresses from which it has not logged in
 * before. Where its owner has logged in, none of this holds him back: neither the failures of others behind his address nor those
 * of others at his account.
 *
 * A password that was wrong a moment ago and comes again is a forgotten device: it waits a second and is not counted again.
 *
 * Trusted addresses (loopback, where webmail comes from) wait the first second only and are never held back.
 */
#ifndef AUTH_AUTH_THROTTLE_H
#define AUTH_AUTH_THROTTLE_H

#include "base/bytes.h"
#include "base/siphash.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    THROTTLE_ADDRESSES = 16384,    /* remembered; beyond, the least troublesome is forgotten */
    THROTTLE_PARALLEL = 32,        /* attempts under way of an address without failures */
    THROTTLE_PARALLEL_SUSPECT = 4, /* of one with failures */
    THROTTLE_ACCOUNT_FREE = 10, /* failures of an account before its attempts from elsewhere are held back */
    THROTTLE_ACCOUNT_PARALLEL = 2, /* attempts under way then */
    THROTTLE_FIRST_MS = 1000,      /* delay of the first failure, doubled by each further one */
    THROTTLE_MAX_MS = 15000,
    THROTTLE_FORGET_MS = 600 * 1000, /* failures are forgotten this long after the last one */
    THROTTLE_REPEATS = 8,            /* wrong passwords of an address that are recognised */
    THROTTLE_KNOWN = 65536,          /* pairs of address and account that have logged in */
};

/* What an address counts as. */
struct throttle_key {
    uint64_t prefix;
    bool trusted;
};
struct throttle_key throttle_key(const char *remote);

/* The pairs that have logged in, as a file holds them: places of 16 octets, hash and seconds of the wall clock. They mean something
 * to a table with the same key only. A place that has changed is told, to be written at its offset. */
enum {
    THROTTLE_KNOWN_BYTES = THROTTLE_KNOWN * 16,
    THROTTLE_KNOWN_REST = 3600 /* seconds between two tellings of one */
};
typedef void throttle_known_fn(size_t offset, const void *place, size_t n);

struct throttle;
/* The key is random, so that nobody can aim at one row of the table. */
struct throttle *throttle_new(struct siphash_key key);
void throttle_free(struct throttle *t);

void throttle_know(struct throttle *t, struct bytes file, throttle_known_fn *changed);

/* One attempt, from throttle_try on. */
struct throttle_try {
    struct throttle_key address;
    uint64_t account, secret; /* hashes of the name, and of name and password */
    bool known;               /* this account has logged in from there */
    bool held, held_account;  /* counts as under way */
};
struct throttle_try throttle_try(const struct throttle *t, struct throttle_key address, struct bytes name,
                                 struct bytes password);

/* May the attempt begin now? If so it counts as under way until throttle_end. */
bool throttle_begin(struct throttle *t, struct throttle_try *a, uint64_t now);
/* It has failed: how long its answer must be held back, in ms from its beginning. *count: the failures of the address now if it
 * may be banned for them, else 0. */
uint64_t throttle_failed(struct throttle *t, const struct throttle_try *a, uint64_t now, uint32_t *count);
/* It was right (seconds: of the wall clock): from there this account is never held back. */
void throttle_succeeded(struct throttle *t, const struct throttle_try *a, uint64_t seconds);
void throttle_end(struct throttle *t, struct throttle_try *a);
/* What the address, and the account, have against them now; and a->known. */
void throttle_look(struct throttle *t, struct throttle_try *a, uint64_t now, uint32_t *address,
                   uint32_t *account);
/* Failures of the address are forgotten (an operator has lifted its ban). */
void throttle_forgive(struct throttle *t, struct throttle_key address);

#endif
