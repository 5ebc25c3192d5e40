/*
 * priv.h - stepping down, on one page.
 *
 * Order: chroot, supplementary groups, gid, uid, read everything back, no new privileges, not dumpable,
 * limits. A system-call filter goes on last (sandbox.h), since it refuses all of this.
 */
#ifndef BASE_PRIV_H
#define BASE_PRIV_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct priv {
    uid_t
        uid; /* (uid_t)-1: stay who we are (started by an ordinary user); nothing but the limits is applied */
    gid_t gid;
    const gid_t *groups; /* supplementary groups, usually none */
    size_t ngroups;
    const char *chroot_dir; /* NULL: none */
    uint64_t files;         /* RLIMIT_NOFILE, 0: leave */
    uint64_t data;          /* RLIMIT_DATA bytes, 0: leave */
    uint64_t processes;     /* RLIMIT_NPROC, 0: leave */
};

/* 0, or -1 with a sentence that says which step failed; the caller must exit then. Never called twice, and only while there is
 * one thread. */
int priv_step_down(const struct priv *p, struct err *e);

/* For a program that was executed as a user: execution has made it dumpable again (unless its file is
 * unreadable, as installed); it may hold what that user's other processes must not see. Dies if refused. */
void priv_hide(void);

#endif
