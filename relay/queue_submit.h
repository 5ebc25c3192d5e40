/*
 * queue_submit.h - the queue's side of the sendmail command: any local user may hand in a message and see
 * their own.
 */
#ifndef RELAY_QUEUE_SUBMIT_H
#define RELAY_QUEUE_SUBMIT_H

#include "relay/queue.h"

#define SUBMIT_CONNS_MAX 200
#define SUBMIT_CONNS_UID 40     /* of one user other than root */
#define SUBMIT_DEADLINE  300000 /* ms from the connection to the end of the answer */

/* A connection was accepted on the socket `submit`: takes over fd. */
void submit_accept(struct queue *q, int fd);

#endif
