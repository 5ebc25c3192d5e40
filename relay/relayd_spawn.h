/*
 * relayd_spawn.h - the privileged verbs of the relay: a deliverer under the recipient's uid, a sender under
 * posthouse-net2.
 */
#ifndef RELAY_RELAYD_SPAWN_H
#define RELAY_RELAYD_SPAWN_H

#include "base/master.h"

/* Where accounts are asked for. Once, when there is a loop. */
void spawn_init(struct master *m);
/* DELIVERER and SENDER from the queue; answers go to `from` if it is still there by then. */
void spawn_message(struct master *m, struct chan *from, struct msg_in *in);
/* The queue was started again: answers for the old one are not sent. */
void spawn_queue_started(struct master *m, struct chan *to);

#endif
