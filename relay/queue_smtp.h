/*
 * queue_smtp.h - the queue's side of smtp: many sessions over one connection of each smtp process.
 */
#ifndef RELAY_QUEUE_SMTP_H
#define RELAY_QUEUE_SMTP_H

#include "relay/queue.h"

#define SMTP_SESSIONS_MAX 20000 /* of one smtp process */

/* A connection was accepted on the socket `queue`: takes over fd. Peers with another uid than smtp's are
 * turned away. */
void smtp_accept(struct queue *q, int fd);

#endif
