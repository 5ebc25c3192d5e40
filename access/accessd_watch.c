/*
 * accessd_watch.c - see accessd_watch.h.
 *
 * The first sessions of a uid watch alone: that is more exact, since they can read what happened. Not so those that are confined
 * (base/confine.h), which could otherwise watch others' directories. A watcher costs a process, and is
 * started while there is still an instance to be had for it. It ends with the last session of its uid.
 */
#include "access/accessd_watch.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/msg.h"
#include "maildir/maildir_watcher.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define ALONE_MAX     24 /* sessions of a uid that watch alone: each may hold three of the uid's instances */
#define WATCHER_FILES 65536 /* descriptors of a watcher: one for each session */

struct group {
    struct group *next;
    uid_t uid;
    unsigned sessions;
    pid_t watcher; /* 0: none */
    int control;
};

static struct group *groups;

static struct group *group_of(uid_t uid)
{
    struct group *g = groups;
    while (g && g->uid != uid)
        g = g->next;
    if (!g) {
        g = xcalloc(1, sizeof *g);
        *g = (struct group){.next = groups, .uid = uid, .control = -1};
        groups = g;
    }
    return g;
}

static void start(struct master *m, struct group *g, const struct priv *who)
{
    int pair[2];
    struct err e;
    struct priv p = {.uid = who->uid, .gid = who->gid, .files = WATCHER_FILES};
    char *const argv[] = {(char *)"posthouse-watch", NULL};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return;
    g->watcher = master_spawn(m, argv, &p, "/", &pair[1], 1, &e);
    close(pair[1]);
    g->control = pair[0];
    if (g->watcher < 0) {
        log_error("a watcher for uid %d could not be started: %s", (int)g->uid, e.text);
        g->watcher = 0;
        close(TAKE_FD(g->control));
    }
}

/* The pair's other end goes to the watcher. */
static int introduce(const struct group *g)
{
    int pair[2];
    AUTO_MSG struct msg msg;
    msg_init(&msg, WATCHER_SESSION);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
        return -1;
    msg_put_fd(&msg, pair[1]);
    bool sent = msg_send(g->control, &msg) == 0;
    close(pair[1]);
    if (sent)
        return pair[0];
    close(pair[0]);
    return -1;
}

int watch_session_begins(struct master *m, const struct priv *who, bool confined)
{
    struct group *g = group_of(who->uid);
    if (++g->sessions <= ALONE_MAX && !confined)
        return -1;
    if (!g->watcher)
        start(m, g, who);
    return g->watcher ? introduce(g) : -1;
}

static void stop_watcher(struct group *g)
{
    if (g->control >= 0)
        close(TAKE_FD(g->control)); /* which ends it, after its last session */
    g->watcher = 0;
}

void watch_session_ended(uid_t uid)
{
    for (struct group **at = &groups; *at; at = &(*at)->next) {
        struct group *g = *at;
        if (g->uid != uid)
            continue;
        if (--g->sessions == 0) {
            stop_watcher(g);
            *at = g->next;
            free(g);
        }
        return;
    }
}

bool watch_reaped(pid_t pid)
{
    struct group *g = groups;
    while (g && g->watcher != pid)
        g = g->next;
    if (g) {
        log_error("the watcher of uid %d (pid %d) has ended; its sessions watch alone or look now and then, "
                  "new ones get another",
                  (int)g->uid, (int)pid);
        stop_watcher(g);
    }
    return g != NULL;
}
