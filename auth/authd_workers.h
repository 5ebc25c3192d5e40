/*
 * authd_workers.h - PAM workers: started as root when auth asks, for one talk each.
 */
#ifndef AUTH_AUTHD_WORKERS_H
#define AUTH_AUTHD_WORKERS_H

#include "base/master.h"

enum {
    WORKERS_MAX = 32,
    WORKER_LIFE_MS = 130000
}; /* each ends itself after 60 s and a conversation of as many; here is the hand behind it */

/* auth wants one: start it, when there is room, and send auth the socket to it, or a refusal. */
void workers_want(struct master *m, uint32_t id);
/* auth is a new process: what its predecessor wanted is of no use. */
void workers_forget(void);
void workers_reaped(struct master *m, pid_t pid, int status);
/* Each second: end those that are too old. */
void workers_tick(struct master *m);
/* End all; true when none is left. */
bool workers_stop(void);

#endif
