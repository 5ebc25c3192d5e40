/*
 * master.h - the skeleton of authd, relayd and accessd: root, and reads no byte from anyone but its children.
 *
 * A table of children (program, user, chroot, listening sockets) which equals the picture in the README.
 * Children are started, watched, restarted with back-off (100 ms doubling to 30 s, reset after a minute of
 * life). SIGHUP: the configuration is read and checked by this process; if it is good, sent to the children,
 * else the complaint is logged and all stays. SIGUSR1 (and a log file that was moved): the log is reopened.
 * SIGTERM, SIGINT: children drain, at most 10 s, then are killed.
 */
#ifndef BASE_MASTER_H
#define BASE_MASTER_H

#include "base/child.h"
#include "base/conf.h"
#include "base/event.h"

struct master;

struct master_child {
    const char *program; /* file name under the program directory: "posthouse-smtp" */
    const char *user;    /* system account to become: "posthouse-net"; NULL: stay root (PAM and the like) */
    const char *chroot_dir; /* relative to the run directory; NULL: none */
    unsigned count;         /* how many of these, 0: one per core */
    /* Records of type CTL_USER and up from this child. NULL: none allowed, the child is killed. */
    void (*message)(struct master *m, struct chan *from, struct msg_in *in);
    /* Called after each (re)start with the control channel, to send more than the standard. May be NULL. */
    void (*started)(struct master *m, struct chan *to);
    const char *const *listeners; /* names of the listening sockets that it gets; NULL: none */
};

struct master_hooks {
    const char *program; /* "relayd" */
    const struct conf_table *conf;
    const struct master_child *children;
    size_t nchildren;
    /* Do the options fit together, beyond what each row can tell? Part of -t. -1 with e. May be NULL. */
    int (*check)(const void *settings, struct err *e);
    /* -t, when all options are good: what should be put right soon goes to the log as warnings. May be NULL. */
    void (*report)(const void *settings);
    /* After the configuration was read and before children start, and again on reload: open listening sockets
     * with master_listener. -1: refuse to start or to reload (say why in e). */
    int (*configured)(struct master *m, struct err *e);
    /* Each second. May be NULL. */
    void (*tick)(struct master *m);
    /* Asked to stop: end what is not in the table of children (sessions). Returns true when nothing of it is
     * left; called again every 100 ms. May be NULL. */
    bool (*drained)(struct master *m);
    /* A process that is not in the table has ended. May be NULL. */
    void (*reaped)(struct master *m, pid_t pid, int status);
    /* Common options, found in the settings struct through these offsets. */
    size_t log_offset;     /* char *: "stderr", "syslog", "file:/path" */
    size_t run_dir_offset; /* char * */
};

/*
 * The whole life. Options of every master:
 *   -c FILE  configuration (default SYSCONFDIR/posthouse.conf; the default may be missing, a named one may
 * not) -L DIR   directory of the programs (default: where they were installed) -t       check the
 * configuration, print complaints, exit 0 or 1 -d       print all options with their values, exit Says
 * "READY=1" to the service manager (NOTIFY_SOCKET), and `<program>: ready` in the log, when every child is
 * ready.
 */
int master_main(int argc, char **argv, const struct master_hooks *hooks);

struct loop *master_loop(struct master *m);
const void *master_settings(struct master *m);
bool master_unprivileged(const struct master *m);
const char *master_run_dir(const struct master *m);
/* uid and gid of a system account of ours, as found at start; own ids when unprivileged. -1 if unknown. */
int master_ids(struct master *m, const char *user, uid_t *uid, gid_t *gid);

/* Listening sockets, kept over reloads while their address stays. */
/* TCP: "127.0.0.1:2525", "[::1]:25", "*:25" (both families). Unprivileged: loopback addresses only. With " proxy" behind the address
 * the socket is called "NAME proxy". */
int master_listener(struct master *m, const char *name, const char *address, struct err *e);
/* A local seqpacket socket at run_dir/path, owned root:group (group NULL: root's), mode. */
int master_listener_local(struct master *m, const char *name, const char *path, const char *group,
                          mode_t mode, struct err *e);
/* A local stream socket for other programs at this path, which may be connected to by root and by the members of the group (NULL: root
 * only). A socket that is left there from before is replaced. */
int master_listener_stream(struct master *m, const char *name, const char *path, const char *group,
                           struct err *e);
/* Is this still the control channel of a running child? To be asked before an answer is sent that took a
 * while: the child may have ended meanwhile, and its channel with it. */
bool master_has_channel(const struct master *m, const struct chan *ch);
/* The child on this channel is busy for the rest of its life: another one is started in its place at once, and it is not missed
 * when it ends. For children that serve one client each. */
void master_replace(struct master *m, const struct chan *ch);
/* Send a record to all children of a program. */
void master_broadcast(struct master *m, const char *program, struct msg *msg);

/*
 * Start a program that is not in the table (a session, a deliverer, a worker), already stepped down: argv[0]
 * is the file name under the program directory; fds[i] becomes descriptor i (up to 8; -1: /dev/null); 3 is
 * always the log. Returns its pid or -1 with e. The environment is empty but for PATH, LANG=C.UTF-8 and TZ.
 */
pid_t master_spawn(struct master *m, char *const argv[], const struct priv *who, const char *chdir_to,
                   const int *fds, unsigned nfds, struct err *e);

#endif
