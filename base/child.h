/*
 * child.h - the life of a long-lived process below a master, from exec to loop.
 *
 * A child finds on its descriptors: 0 and 1 /dev/null, 2 standard error, 3 the log (log.h), 4 the control channel to its
 * master (msg.h), and nothing else. Over the control channel come, in this order, CTL_CONF (the configuration file as a
 * descriptor), CTL_LISTEN for each listening socket, CTL_START (who to become); CTL_CONF and CTL_LISTEN come again on a reload, closed by
 * CTL_START. The child answers CTL_READY. CTL_DRAIN asks it to accept no more and to exit when its transactions are done.
 * Types from CTL_USER on are the program's own.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/msg.h"
#include "base/priv.h"

enum { CHILD_LOG_FD = 3, CHILD_CONTROL_FD = 4 };

enum ctl_type { CTL_CONF = 1, CTL_LISTEN, CTL_START, CTL_READY, CTL_DRAIN, CTL_USER = 32 };

struct child;

struct child_hooks {
    const char *program; /* "smtp": the name in the log */
    /* The configuration: fd is borrowed, -1 if there is no file; name for complaints. Called before stepping down and on reload.
     * Return 0, or -1 to keep what was (fatal the first time). */
    int (*configure)(int fd, const char *name);
    /* A listening socket, now the program's. name says which ("smtp", "imaps"). NULL: none expected. On a reload the old set is
     * replaced: `listen_begin` is called first. */
    void (*listen_begin)(void);
    void (*listen)(const char *name, int fd);
    /* Runs once, as root, before stepping down: open what must be opened. May be NULL. */
    void (*before_step_down)(const struct priv *who);
    /* Runs once, stepped down: connect peers, install watches. The system-call filter goes on after this. */
    void (*start)(struct child *child);
    /* Accept no more; call child_exit when idle. NULL: exit at once. */
    void (*drain)(void);
    /* A record of the program's own. Unknown types end the process. May be NULL. */
    void (*message)(struct msg_in *in);
    uint64_t files; /* limits, as in struct priv */
    uint64_t data;
    int sandbox; /* enum sandbox_profile, or -1 for none */
};

/* Does all of the above and runs the loop; returns the exit status of the process. */
int child_main(const struct child_hooks *hooks);
struct loop *child_loop(struct child *child);
struct chan *child_control(struct child *child);
/* True when the master runs as an ordinary user. */
bool child_unprivileged(const struct child *child);
void child_exit(struct child *child);

#endif
