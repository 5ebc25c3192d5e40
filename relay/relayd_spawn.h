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
/* Start argv[0] as somebody, in the directory home, with fd (borrowed) as its descriptor 0. -1 with e. */
int spawn_program(struct master *m, const struct priv *who, char *const argv[], const char *home, int fd,
                  struct err *e);
void spawn_reaped(pid_t pid);
/* Asked to stop: does nothing of it run any more? */
bool spawn_drained(void);

#endif
