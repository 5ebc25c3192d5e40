/*
 * accessd_session.h - the one thing that login may ask of root: start a session for this ticket on this
 * socket.
 */
#ifndef ACCESS_ACCESSD_SESSION_H
#define ACCESS_ACCESSD_SESSION_H

#include "base/master.h"

/* A record from a login process. */
void session_message(struct master *m, struct chan *from, struct msg_in *in);
void session_reaped(struct master *m, pid_t pid, int status);
/* Asks all sessions to end, once; true when none is left. */
bool session_drained(struct master *m);

#endif
