/*
 * relayd_spawn.h - the one privileged verb of the relay: start a program as somebody.
 */
#ifndef RELAY_RELAYD_SPAWN_H
#define RELAY_RELAYD_SPAWN_H

#include "base/master.h"

/* Answer a DELIVERER or SENDER record of queue (relay_msg.h). */
void spawn_request(struct master *m, struct chan *from, struct msg_in *in);
/* Connect to auth. Once; later calls do nothing. */
void spawn_begin(struct master *m);
void spawn_reaped(pid_t pid);
/* Nothing of it runs any more. */
bool spawn_drained(void);

#endif
