/*
 * session_status.h - what a session lets the operator know: while it runs, where it is and since when it has heard nothing (`posthouse who`);
 * at its end, one line in the log.
 *
 * The state lies in a file in memory that only this process has open; root reads it under /proc. It is one line:
 *
 *   STATE SECONDS FOLDER     "idle" or "busy"; when the client was last heard before it fell silent (since 1970); the selected folder of
 *                            then in UTF-8, or "-"
 */
#ifndef ACCESS_SESSION_STATUS_H
#define ACCESS_SESSION_STATUS_H

#include "access/session_options.h"

#include <stdint.h>

#define SESSION_STATUS_NAME                                                                                  \
    "posthouse-status"          /* of the file: its link reads "/memfd:posthouse-status (deleted)" */
#define SESSION_STATUS_MAX 1024 /* octets */

/* Messages of which something was sent, that were stored, that were removed. */
struct session_did {
    uint64_t sent, stored, removed;
};

void session_status_begin(void);
/* The client has said something. */
void session_status_heard(void);
/* It has not for a while; folder: the selected one, or NULL. */
void session_status_idle(const char *folder);
/* The session ends: the line in the log, with the octets that came and went. */
void session_status_end(const struct session_options *o, uint64_t in, uint64_t out,
                        const struct session_did *did, const char *why);

#endif
