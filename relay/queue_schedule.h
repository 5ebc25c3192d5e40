/*
 * queue_schedule.h - when to try again, and when to give up. Pure: the clock is an argument.
 */
#ifndef RELAY_QUEUE_SCHEDULE_H
#define RELAY_QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds. */
struct schedule_rules {
    uint64_t retry_first, retry_max, expire;
    uint64_t delay_notice; /* 0: never */
};

/* The wait after so many failed attempts: retry_first, doubled each time, at most retry_max. */
uint64_t schedule_backoff(const struct schedule_rules *rules, unsigned attempts);
/* When a message that arrived then and was tried so often, last at `last`, is due again. Never after it
 * expires, so that the sender is told in time; at once when the clock stands before `last` (it was set back).
 */
uint64_t schedule_next(const struct schedule_rules *rules, uint64_t arrived, unsigned attempts, uint64_t last,
                       uint64_t now);
/* Is the sender to be told by now that it takes long? */
bool schedule_late(const struct schedule_rules *rules, uint64_t arrived, uint64_t now);
bool schedule_expired(const struct schedule_rules *rules, uint64_t arrived, uint64_t now);

/*
 * One destination: so many jobs at a time, and a rest for all when it does not answer at all.
 */
struct schedule_lane {
    unsigned busy, limit;
    uint64_t rest_until; /* seconds */
    unsigned failures;   /* in a row */
};
bool lane_free(const struct schedule_lane *lane);
/* It is resting: answer "later" without asking it. */
bool lane_resting(const struct schedule_lane *lane, uint64_t now);
void lane_answered(struct schedule_lane *lane);
/* No connection: rest for 5 s, doubled each time, at most 60 s (and never longer than retry_first). */
void lane_unreachable(struct schedule_lane *lane, const struct schedule_rules *rules, uint64_t now);

/*
 * A heap of what waits, by due time; equal times in the order of arrival. Entries are the caller's.
 */
struct schedule_entry {
    uint64_t due;
    uint64_t order;
    size_t position; /* 1-based; 0: not in the heap */
};
struct schedule {
    struct schedule_entry **heap;
    size_t n, size;
    uint64_t orders;
};
void schedule_add(struct schedule *s, struct schedule_entry *entry, uint64_t due);
void schedule_remove(struct schedule *s, struct schedule_entry *entry);
struct schedule_entry *schedule_first(const struct schedule *s); /* NULL: empty */
void schedule_done(struct schedule *s);

#endif
