/*
 * spawn.h - a master starts a program: fork, arrange descriptors, step down, execute, as one call.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/priv.h"

#include <sys/types.h>

#define SPAWN_FDS_MAX 8

struct spawn {
    const char *path;       /* of the program */
    char *const *argv;      /* NULL-terminated */
    const struct priv *who; /* become this before it is executed; NULL: stay */
    const char *chdir_to;   /* NULL: stay; "/" where that directory cannot be entered */
    int fds[SPAWN_FDS_MAX]; /* these become descriptors 0, 1, 2 ...; -1: /dev/null. No other is passed on. */
    unsigned nfds;
};

/* The process id of the program, which is executed by then (its environment holds a path, a language and the time zone only), or -1 with
 * the step that failed. The caller has a single thread and no signal handlers (a loop has none). */
pid_t spawn_run(const struct spawn *spawn, struct err *e);

#endif
