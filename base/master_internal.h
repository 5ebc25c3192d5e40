/*
 * master_internal.h - shared by master.c (life), master_children.c (processes) and master_listen.c (sockets).
 */
#ifndef BASE_MASTER_INTERNAL_H
#define BASE_MASTER_INTERNAL_H

#include "base/log_sink.h"
#include "base/master.h"

struct slot { /* one long-lived child */
    struct master *master;
    const struct master_child *kind;
    pid_t pid; /* 0: not running */
    struct chan *control;
    bool ready, told_to_drain;
    bool last; /* another one has taken its place already: it is not started again */
    uint64_t started_at, backoff;
    struct timer restart;
};

struct listener {
    char *name, *address;
    int fd;
    unsigned generation; /* of the configuration that asked for it last */
};

struct master {
    const struct master_hooks *hooks;
    struct loop *loop;
    struct log_sink *sink;
    struct watch sink_watch;
    const char *conf_path;
    bool conf_named; /* by -c: must exist */
    int conf_fd;     /* a memfd with the text that was checked, -1: no file */
    void *settings;
    const char *programs; /* directory */
    char *run_dir;
    bool unprivileged, stopping, ready;
    struct slot **slots;
    size_t nslots;
    struct listener *listeners;
    size_t nlisteners;
    unsigned generation;
    pid_t *spawned;
    size_t nspawned, spawned_size;
    uid_t *own_uids;
    size_t nown_uids;
    struct timer second, stop_poll;
    uint64_t stop_at; /* when patience ends */
};

/* master_children.c */
int children_prepare(struct master *m, struct err *e);
void children_start(struct master *m);
void children_send_orders(struct master *m);
/* Tell the next kind of children to go when those before it are gone. True when all are gone. */
bool children_drain(struct master *m);
void children_kill(struct master *m);
void children_reap(struct master *m);
void children_ready(struct master *m); /* master.c: one more is ready */

/* master_listen.c */
void listeners_begin(struct master *m);  /* a new configuration asks for its set */
void listeners_commit(struct master *m); /* close those it did not ask for */
void listeners_rollback(struct master *m);
void listeners_close(struct master *m);

/* master_activate.c */
struct sockaddr;
void activate_begin(void); /* look at what the service manager has given us */
/* The listening socket of that address, now the caller's; -1 if there is none. */
int activate_take(const struct sockaddr *address);
/* Does a socket that we were given for IPv6 take care of this IPv4 address? */
bool activate_covers(const struct sockaddr *address);
void activate_end(void); /* close what nobody has taken */

#endif
