/*
 * queue_drop.h - messages that users left in the drop directory while the queue did not run.
 */
#ifndef RELAY_QUEUE_DROP_H
#define RELAY_QUEUE_DROP_H

#include "relay/queue.h"

struct drop;

/* As root: make the directory, or put its owner (uid, gid) and mode right. Nothing when uid is -1 but making it. */
void drop_prepare(const char *directory, uid_t uid, gid_t gid);
/* Look into it now and once a minute. */
struct drop *drop_new(struct queue *q, const char *directory);
/* Take nothing more. */
void drop_stop(struct drop *drop);

#endif
