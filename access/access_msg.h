/*
 * access_msg.h - every record that crosses a process border of the access server.
 *
 * login -> accessd, on the control channel
 *   SESSION        id u64, service str ("imap", "pop3"), ticket bytes, remote address str, secure u32, tag str (IMAP's tag of the login command, at
 *                  most ACCESS_TAG_MAX octets of printable ASCII; empty for POP3), fd: a stream socket, the client's or one end of a pair
 *   BUSY           nothing: has its one client, and accepts no more (login_isolation = connection)
 * accessd -> login
 *   SESSION_STARTED id u64: the session program runs and will answer the client itself
 *   SESSION_FAILED  id u64, enum session_failure u32, text str
 *   CENSUS          number u32, n u32, n times number u32 of a process that lives, fd: memory to count connections in (base/census.h);
 *                   the first record: login waits for it before it lets anybody in
 */
#ifndef ACCESS_ACCESS_MSG_H
#define ACCESS_ACCESS_MSG_H

#include "base/child.h"

#define ACCESS_TAG_MAX 128

enum access_msg { SESSION = CTL_USER, SESSION_STARTED, SESSION_FAILED, CENSUS, BUSY };
enum session_failure { SESSION_REFUSED, SESSION_TEMPORARY, SESSION_LIMIT, SESSION_FAILURES };

#endif
