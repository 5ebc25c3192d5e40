/*
 * queue_fair.h - who is next: one message of each sender in turn, so that somebody with ten thousand messages delays
 * somebody with one by one delivery at most. Pure.
 */
#ifndef RELAY_QUEUE_FAIR_H
#define RELAY_QUEUE_FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAIR_BUCKETS 1024

struct fair_sender;

/* The caller's; in line, taken, or neither. */
struct fair_entry {
    struct fair_entry *next, *prev;
    struct fair_sender *sender; /* NULL: neither in line nor taken */
};

struct fair {
    struct fair_sender *buckets[FAIR_BUCKETS];
    struct fair_sender *turn; /* a ring of those who have something in line; whose turn it is */
    size_t n;                 /* entries in line */
};

/* The sender that a word names. Two words in one are possible and harmless. */
uint64_t fair_key(const char *word);
/* Into line behind the same sender's. */
void fair_add(struct fair *f, struct fair_entry *entry, uint64_t key);
/* Out of line, taken until fair_finish; no sender has more than so many taken at a time. NULL: there is none. */
struct fair_entry *fair_take(struct fair *f, unsigned per_sender);
/* It is not taken, or not in line, any more. Does nothing if it is neither. */
void fair_finish(struct fair *f, struct fair_entry *entry);
void fair_done(struct fair *f);

#endif
