/*
 * queue_ctl.h - `posthouse queue`: what waits, for the operator, read from the spool itself; and orders to the queue process.
 */
#ifndef RELAY_QUEUE_CTL_H
#define RELAY_QUEUE_CTL_H

#include "relay/queue_schedule.h"
#include "relay/queue_store.h"

enum { EXIT_FAILED = 1, EXIT_NONE = 2, EXIT_MISUSED = 100 };

/* Which messages are meant: all that are set have to fit. */
struct ctl_filter {
    const char *sender, *recipient, *domain, *reason, *login; /* parts of words, in any case; domain: whole */
    uint64_t older, younger;                                  /* seconds, 0: any */
    bool held;
    char *const *ids; /* NULL-terminated, empty: any */
};

struct ctl {
    const char *verb, *conf_path;
    struct ctl_filter filter;
    bool json, all;
    /* from the configuration */
    const char *spool_dir, *run_dir;
    struct schedule_rules schedule;
    struct store *store;
    uint64_t now;
};

/* Call fn for each message that fits, the oldest first; fn returns false to stop. Broken ones are told on standard error. -1:
 * the spool cannot be read. */
int ctl_each(struct ctl *ctl, bool (*fn)(struct ctl *, const struct spooled *, void *), void *arg);
/* Pure. */
bool ctl_fits(const struct ctl_filter *f, const struct spooled *m, uint64_t now);

/* When it is tried next; 0: it is held. */
uint64_t ctl_next(const struct ctl *ctl, const struct spooled *m);

/* The verbs; exit statuses. */
int ctl_list(struct ctl *ctl);
int ctl_show(struct ctl *ctl);
int ctl_stats(struct ctl *ctl);
int ctl_order(struct ctl *ctl); /* retry, hold, release, delete */

#endif
