/*
 * auth_throttle.h - slowing down guessers, by address. Pure: told the time, keeps no clock.
 *
 * Each attempt begins and ends. While an address has recent failures only a few of its attempts may be under
 * way at once, and an attempt is under way until its answer has been sent: the delay of a failure (1 s, 2 s,
 * 4 s ... 15 s) so becomes the pace of guessing however many connections are used. IPv6 counts per /64.
 * Loopback is where webmail comes from: it waits the first second only and is never held back.
 */
#ifndef AUTH_AUTH_THROTTLE_H
#define AUTH_AUTH_THROTTLE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    THROTTLE_ADDRESSES = 16384,    /* remembered; beyond, the least troublesome is forgotten */
    THROTTLE_PARALLEL = 32,        /* attempts under way of an address without failures */
    THROTTLE_PARALLEL_SUSPECT = 4, /* of one with failures */
    THROTTLE_FIRST_MS = 1000,      /* delay of the first failure, doubled by each further one */
    THROTTLE_MAX_MS = 15000,
    THROTTLE_FORGET_MS = 600 * 1000, /* failures are forgotten this long after the last one */
};

/* What an address counts as. */
struct throttle_key {
    uint64_t prefix;
    bool loopback;
};
struct throttle_key throttle_key(const char *remote);

struct throttle;
struct throttle *throttle_new(uint64_t seed); /* random, so that nobody can aim at one row of the table */
void throttle_free(struct throttle *t);

/* May an attempt of this address begin now? If so it counts as under way until throttle_end. */
bool throttle_begin(struct throttle *t, struct throttle_key key, uint64_t now);
/* The attempt under way has failed: how long its answer must be held back, in ms from its beginning. */
uint64_t throttle_failed(struct throttle *t, struct throttle_key key, uint64_t now);
void throttle_end(struct throttle *t, struct throttle_key key);

#endif
