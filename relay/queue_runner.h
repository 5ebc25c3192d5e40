/*
 * queue_runner.h - what waits in the spool: whose turn it is, and what becomes of it.
 */
#ifndef RELAY_QUEUE_RUNNER_H
#define RELAY_QUEUE_RUNNER_H

#include "relay/queue.h"

#define RUNNER_ACTIVE_MAX 100 /* messages tried at a time */
#define RUNNER_SENDER_MAX 75  /* of one sender: the rest of the places is for others */

struct runner *runner_new(struct queue *q);
/* Find what is in the spool. Reads names only. */
int runner_scan(struct runner *r, struct err *e);
/* A message that was just put into the spool; first tried so many seconds from now, not at all if it is held. fresh: no
 * delivery of it was begun yet. */
void runner_add(struct runner *r, const struct envelope *env, uint64_t wait, bool fresh);
/* Start nothing more. */
void runner_stop(struct runner *r);

/* ---- the operator's orders ---- */

enum runner_order { RUNNER_RETRY, RUNNER_HOLD, RUNNER_RELEASE, RUNNER_DELETE };
/* About one message. Returns false if there is none of that id, or its state cannot be written. A delivery in progress is
 * ended first: what was ordered takes effect behind it. */
bool runner_order(struct runner *r, enum runner_order order, const char *id);
/* Try everything that is not held now. */
void runner_flush(struct runner *r);

/* In the order of arrival, ids; fn returns false to stop. */
void runner_each(struct runner *r, bool (*fn)(const char *id, uint64_t due, bool active, void *arg),
                 void *arg);
size_t runner_count(const struct runner *r);
/* Who stands for a message in the order of turns: account, uid, or reverse-path. */
uint64_t runner_sender(const struct envelope *env);

#endif
