/*
 * queue_list.h - the listing of the spool for mailq.
 */
#ifndef RELAY_QUEUE_LIST_H
#define RELAY_QUEUE_LIST_H

#include "relay/queue_runner.h"

#define LIST_MAX       1000 /* messages of one listing */
#define LIST_RCPTS_MAX 5    /* recipients told of one message */

/* Root and our own uid. */
bool list_may_see_all(uid_t uid);
/* LISTED for each message that uid may see, then LIST_END. */
void list_answer(struct queue *q, struct chan *to, uid_t uid);

#endif
