/*
 * master_children.c - the processes below a master: the table's long-lived ones, and those spawned for one
 * purpose.
 *
 * A child is forked with nothing but the descriptors of child.h and an almost empty environment, executes its
 * program as root (it must still chroot, and a dynamic program cannot be started inside an empty root) and
 * steps down before it reads a byte from anyone but us. A spawned program (session, deliverer) steps down
 * before it is executed.
 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/master_internal.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_READY_MS 1000
#define BACKOFF_MAX_MS   30000
#define BACKOFF_RESET_MS 60000

/* ---- starting ---- */

static pid_t start_program(struct master *m, struct spawn *s, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    strbuf_addf(&path, "%s/%s", m->programs, s->argv[0]);
    s->path = path.data;
    return spawn_run(s, e);
}

pid_t master_spawn(struct master *m, char *const argv[], const struct priv *who, const char *chdir_to,
                   const int *fds, unsigned nfds, struct err *e)
{
    struct spawn s = {.argv = argv, .who = who, .chdir_to = chdir_to, .nfds = nfds < 4 ? 4 : nfds};
    if (nfds > SPAWN_FDS_MAX)
        return err_set(e, ERR_INTERNAL, "too many descriptors for %s", argv[0]);
    for (unsigned i = 0; i < s.nfds; i++)
        s.fds[i] = i < nfds ? fds[i] : -1;
#ifdef WITH_SANITIZERS
    if (s.fds[2] < 0)
        s.fds[2] = STDERR_FILENO;
#endif
    AUTO_CLOSE int log_fd = log_sink_child(m->sink);
    s.fds[CHILD_LOG_FD] = log_fd;
    pid_t pid = start_program(m, &s, e);
    if (pid < 0)
        return -1;
    if (m->nspawned == m->spawned_size) {
        m->spawned_size = m->spawned_size ? m->spawned_size * 2 : 64;
        m->spawned = xrealloc(m->spawned, m->spawned_size, sizeof *m->spawned);
    }
    m->spawned[m->nspawned++] = pid;
    return pid;
}

/* ---- orders ---- */

static void send_conf(struct master *m, struct chan *to)
{
    AUTO_MSG struct msg msg;
    AUTO_CLOSE int fd = -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", m->conf_fd);
    if (m->conf_fd >= 0) /* a description of its own, so that nobody shares a file position */
        fd = open(path, O_RDONLY | O_CLOEXEC);
    msg_init(&msg, CTL_CONF);
    msg_put_u32(&msg, fd >= 0);
    msg_put_str(&msg, m->conf_path);
    if (fd >= 0)
        msg_put_fd(&msg, fd);
    chan_send(to, &msg);
}

static void send_listener(const struct listener *l, struct chan *to)
{
    AUTO_MSG struct msg msg;
    msg_init(&msg, CTL_LISTEN);
    msg_put_str(&msg, l->name);
    msg_put_fd(&msg, l->fd);
    chan_send(to, &msg);
}

static void send_listeners(struct master *m, const struct master_child *kind, struct chan *to)
{
    for (const char *const *name = kind->listeners; name && *name; name++)
        for (size_t i = 0; i < m->nlisteners; i++)
            if (!strcmp(*name, m->listeners[i].name))
                send_listener(&m->listeners[i], to);
}

static int send_start(struct master *m, const struct master_child *kind, struct chan *to)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    uid_t uid = 0;
    gid_t gid = 0;
    if (kind->user && master_ids(m, kind->user, &uid, &gid))
        return -1;
    if (kind->chroot_dir && !m->unprivileged)
        strbuf_addf(&dir, "%s%s%s", *kind->chroot_dir == '/' ? "" : m->run_dir,
                    *kind->chroot_dir == '/' ? "" : "/", kind->chroot_dir);
    AUTO_MSG struct msg msg;
    msg_init(&msg, CTL_START);
    msg_put_u32(&msg, uid);
    msg_put_u32(&msg, gid);
    msg_put_str(&msg, dir.data);
    msg_put_u32(&msg, m->unprivileged);
    chan_send(to, &msg);
    return 0;
}

static void send_orders(struct slot *s)
{
    send_conf(s->master, s->control);
    send_listeners(s->master, s->kind, s->control);
    if (send_start(s->master, s->kind, s->control))
        log_error("%s: its system account %s is gone", s->kind->program, s->kind->user);
}

void children_send_orders(struct master *m)
{
    for (size_t i = 0; i < m->nslots; i++)
        if (m->slots[i]->control)
            send_orders(m->slots[i]);
}

/* ---- the table ---- */

static void on_record(struct chan *ch, struct msg_in *in, void *arg)
{
    struct slot *s = arg;
    if (in && in->type == CTL_READY) {
        if (!s->ready && s->kind->started)
            s->kind->started(s->master, ch);
        s->ready = true;
        children_ready(s->master);
    } else if (in && in->type >= CTL_USER && s->kind->message) {
        s->kind->message(s->master, ch, in);
    } else {
        if (in)
            log_error("%s sent record %u, which it may not: killed", s->kind->program, in->type);
        chan_free(s->control);
        s->control = NULL;
        if (s->pid && !s->told_to_drain && !s->last) /* such a one ends when its work is done */
            kill(s->pid, SIGKILL);
    }
}

static void restart_later(struct slot *s);

static void start(void *arg)
{
    struct slot *s = arg;
    int pair[2];
    struct err e;
    char *const argv[] = {(char *)s->kind->program, NULL};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        log_error("%s: socketpair: %m", s->kind->program);
        restart_later(s);
        return;
    }
    AUTO_CLOSE int log_fd = log_sink_child(s->master->sink);
    struct spawn spawn = {.argv = argv, .fds = {-1, -1, STDERR_FILENO, log_fd, pair[1]}, .nfds = 5};
    s->pid = start_program(s->master, &spawn, &e);
    close(pair[1]);
    if (s->pid < 0) {
        close(pair[0]);
        s->pid = 0;
        log_error("%s", e.text);
        restart_later(s);
        return;
    }
    s->ready = s->told_to_drain = false;
    s->started_at = loop_now(s->master->loop);
    s->control = chan_new(s->master->loop, pair[0], on_record, s);
    send_orders(s);
}

/* A child that had become ready is missed: it is back within a second. One that never came so far is left in
 * peace for longer each time. */
static void restart_later(struct slot *s)
{
    uint64_t max = s->ready ? BACKOFF_READY_MS : BACKOFF_MAX_MS;
    if (loop_now(s->master->loop) - s->started_at > BACKOFF_RESET_MS)
        s->backoff = 0;
    s->backoff = s->backoff ? s->backoff * 2 : BACKOFF_FIRST_MS;
    if (s->backoff > max)
        s->backoff = max;
    timer_set(s->master->loop, &s->restart, s->backoff);
}

/* Lines from these uids need no mark in the log. */
static void own_uid(struct master *m, uid_t uid)
{
    m->own_uids = xgrow(m->own_uids, m->nown_uids, sizeof *m->own_uids);
    m->own_uids[m->nown_uids++] = uid;
    log_sink_own_uids(m->sink, m->own_uids, m->nown_uids);
}

static struct slot *add_slot(struct master *m, const struct master_child *kind)
{
    struct slot *s = xcalloc(1, sizeof *s);
    *s = (struct slot){.master = m, .kind = kind};
    timer_init(&s->restart, start, s);
    m->slots = xgrow(m->slots, m->nslots, sizeof *m->slots);
    return m->slots[m->nslots++] = s;
}

int children_prepare(struct master *m, struct err *e)
{
    for (size_t i = 0; i < m->hooks->nchildren; i++) {
        const struct master_child *kind = &m->hooks->children[i];
        uid_t uid = 0;
        gid_t gid = 0;
        if (kind->user && master_ids(m, kind->user, &uid, &gid))
            return err_set(
                e, ERR_NOTFOUND,
                "the system account %s is missing; `make install` or contrib/create-users makes it",
                kind->user);
        unsigned count = kind->count ? kind->count : (unsigned)get_nprocs();
        if (kind->user)
            own_uid(m, uid);
        for (unsigned j = 0; j < count; j++)
            add_slot(m, kind);
    }
    return 0;
}

void children_start(struct master *m)
{
    for (size_t i = 0; i < m->nslots; i++) {
        start(m->slots[i]);
    }
}

static void describe(int status, char *buf, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(buf, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
}

static void remove_slot(struct slot *s)
{
    struct master *m = s->master;
    size_t i = 0;
    while (m->slots[i] != s)
        i++;
    m->slots[i] = m->slots[--m->nslots];
    timer_stop(m->loop, &s->restart);
    free(s);
}

void master_replace(struct master *m, const struct chan *ch)
{
    for (size_t i = 0; ch && i < m->nslots; i++) {
        struct slot *s = m->slots[i];
        if (s->control != ch)
            continue;
        if (!s->last && !m->stopping)
            start(add_slot(m, s->kind));
        s->last = true;
        return;
    }
}

static void slot_ended(struct slot *s, int status)
{
    char why[80];
    describe(status, why, sizeof why);
    chan_free(s->control);
    s->control = NULL;
    pid_t pid = s->pid;
    s->pid = 0;
    if (s->master->stopping || s->last) {
        if (status)
            log_warn("%s (pid %d) ended%s: %s", s->kind->program, (int)pid, s->last ? "" : " while stopping",
                     why);
        if (s->last)
            remove_slot(s);
        return;
    }
    restart_later(s);
    log_warn("%s (pid %d) ended: %s; restarted in %d ms", s->kind->program, (int)pid, why, (int)s->backoff);
}

static void spawned_ended(struct master *m, pid_t pid, int status)
{
    for (size_t i = 0; i < m->nspawned; i++)
        if (m->spawned[i] == pid) {
            m->spawned[i] = m->spawned[--m->nspawned];
            break;
        }
    if (m->hooks->reaped)
        m->hooks->reaped(m, pid, status);
}

void children_reap(struct master *m)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct slot *slot = NULL;
        for (size_t i = 0; i < m->nslots && !slot; i++)
            if (m->slots[i]->pid == pid)
                slot = m->slots[i];
        if (slot)
            slot_ended(slot, status);
        else
            spawned_ended(m, pid, status);
    }
}

static void tell_to_drain(struct slot *s)
{
    if (s->told_to_drain || !s->control)
        return;
    AUTO_MSG struct msg m;
    s->told_to_drain = true;
    msg_init(&m, CTL_DRAIN);
    chan_send(s->control, &m);
}

bool children_drain(struct master *m)
{
    const struct master_child *kind = NULL;
    for (size_t i = 0; i < m->nslots; i++) {
        struct slot *s = m->slots[i];
        timer_stop(m->loop, &s->restart);
        if (!s->pid || (kind && s->kind != kind))
            continue;
        kind = s->kind;
        tell_to_drain(s);
    }
    return !kind;
}

void children_kill(struct master *m)
{
    for (size_t i = 0; i < m->nslots; i++)
        if (m->slots[i]->pid)
            kill(m->slots[i]->pid, SIGKILL);
    for (size_t i = 0; i < m->nspawned; i++)
        kill(m->spawned[i], SIGKILL);
}

bool master_has_channel(const struct master *m, const struct chan *ch)
{
    for (size_t i = 0; i < m->nslots; i++)
        if (m->slots[i]->control == ch)
            return ch != NULL;
    return false;
}

void master_broadcast(struct master *m, const char *program, struct msg *msg)
{
    for (size_t i = 0; i < m->nslots; i++)
        if (m->slots[i]->control && !strcmp(m->slots[i]->kind->program, program))
            chan_send(m->slots[i]->control, msg);
}

int master_ids(struct master *m, const char *user, uid_t *uid, gid_t *gid)
{
    if (m->unprivileged) {
        *uid = getuid();
        *gid = getgid();
        return 0;
    }
    struct passwd *pw = getpwnam(user);
    if (!pw)
        return -1;
    *uid = pw->pw_uid;
    *gid = pw->pw_gid;
    return 0;
}
