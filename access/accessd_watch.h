/*
 * accessd_watch.h - the watcher processes (posthouse-watch): one for each uid that has many sessions.
 */
#ifndef ACCESS_ACCESSD_WATCH_H
#define ACCESS_ACCESSD_WATCH_H

#include "base/master.h"
#include "base/priv.h"

/* A session of this account begins; a confined one may not watch alone. Returns its end of a pair with the watcher of its uid, the caller's to
 * close; -1: it is to watch alone. */
int watch_session_begins(struct master *m, const struct priv *who, bool confined);
/* A session of this uid has ended (or did not begin after all). */
void watch_session_ended(uid_t uid);
/* Some process has ended; true if it was a watcher. */
bool watch_reaped(pid_t pid);

#endif
