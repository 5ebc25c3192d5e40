/*
 * queue_runner.h - what waits in the spool: whose turn it is, and what becomes of it.
 */
#ifndef RELAY_QUEUE_RUNNER_H
#define RELAY_QUEUE_RUNNER_H

#include "relay/queue.h"

#define RUNNER_ACTIVE_MAX 100 /* messages tried at a time */

struct runner *runner_new(struct queue *q);
/* Find what is in the spool. */
int runner_scan(struct runner *r, struct err *e);
/* A message that was just put into the spool; first tried so many seconds from now. fresh: no delivery of it
 * was begun yet. */
void runner_add(struct runner *r, const char *id, uint64_t wait, bool fresh);
/* Try everything now. */
void runner_flush(struct runner *r);
/* Start nothing more. */
void runner_stop(struct runner *r);
/* In the order of arrival, ids; fn returns false to stop. */
void runner_each(struct runner *r, bool (*fn)(const char *id, uint64_t due, bool active, void *arg),
                 void *arg);
size_t runner_count(const struct runner *r);

#endif
