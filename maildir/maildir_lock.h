/*
 * maildir_lock.h - the lock under which flags, removals, moves from new/ to cur/ and UIDs change.
 *
 * First a kernel lock on the folder's directory, which dies with its holder and queues our own processes;
 * then the dotlock file that Dovecot and others respect. Held for one operation, never while waiting for a
 * client.
 */
#ifndef MAILDIR_LOCK_H
#define MAILDIR_LOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <time.h>

struct maildir_lock {
    int dir_fd;       /* of the folder, borrowed; -1: not held */
    const char *name; /* of the dotlock in it; NULL: only the kernel lock is held */
    time_t refreshed;
};

/* Names of dotlocks, with the ages at which they are stale (seconds). */
#define MAILDIR_UIDLIST_LOCK       "dovecot-uidlist.lock"
#define MAILDIR_SUBSCRIPTIONS_LOCK "subscriptions.lock"

/* Wait for and take the lock. ERR_BUSY after two minutes. When the dotlock cannot be made because the disk is
 * full, over quota or read-only: with may_lack_dotlock the kernel lock alone is taken, so that deleting stays
 * possible; else the error. */
int maildir_lock_take(struct maildir_lock *lock, int dir_fd, const char *name, bool may_lack_dotlock,
                      struct err *e);
/* In long work: keep the dotlock young. Cheap. */
void maildir_lock_refresh(struct maildir_lock *lock);
void maildir_lock_release(struct maildir_lock *lock); /* no-op if not held */

#define AUTO_LOCK __attribute__((cleanup(maildir_lock_release)))
#define MAILDIR_LOCK_INIT                                                                                    \
    {                                                                                                        \
        .dir_fd = -1                                                                                         \
    }

#endif
