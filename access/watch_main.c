/*
 * watch_main.c - posthouse-watch: the one that holds an inotify instance for all sessions of a uid.
 *
 * accessd starts it under that uid when so many sessions share the uid that the kernel's instances for it (128 by default) might not do
 * (accessd_watch.c). Sessions hand it directories, not paths; it reads nothing in them, and tells each session only that something has
 * happened in one of its own (maildir_watcher.h). If it dies, sessions find out by themselves and watch alone, or look now and then.
 */
#include "base/cleanup.h"
#include "base/event.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/priv.h"
#include "maildir/maildir_watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_FD  3
#define EVENTS  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define BUFFER  32768
#define BUCKETS 4096 /* of watched directories */

/* A directory that a session wants to know about. */
struct want {
    struct want *next;        /* of the same session */
    struct want *next_bucket; /* with the same hash of wd */
    struct session *session;
    int wd;
    uint32_t id;
};

struct session {
    struct session *next, **at;
    struct watch watch;
    struct want *wants;
    unsigned n;
    bool wake;
};

static struct loop *loop;
static struct session *sessions;
static struct want *buckets[BUCKETS];
static int inotify_fd;
static struct watch control, events;
static struct strbuf record = STRBUF_INIT(MSG_MAX);

static struct want **bucket(int wd)
{
    return &buckets[(unsigned)wd % BUCKETS];
}

/* ---- what sessions want ---- */

static void drop(struct want *w)
{
    struct want **at = bucket(w->wd);
    bool others = false;
    while (*at != w)
        at = &(*at)->next_bucket;
    *at = w->next_bucket;
    for (const struct want *o = *bucket(w->wd); o; o = o->next_bucket)
        others |= o->wd == w->wd;
    if (!others)
        inotify_rm_watch(inotify_fd, w->wd);
    w->session->n--;
    free(w);
}

static void drop_id(struct session *s, uint32_t id, bool all)
{
    for (struct want **at = &s->wants; *at;) {
        struct want *w = *at;
        if (all || w->id == id) {
            *at = w->next;
            drop(w);
        } else
            at = &w->next;
    }
}

/* A directory that the sender could read itself. */
static bool is_readable_directory(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) == O_RDONLY && !fstat(fd, &st) &&
           S_ISDIR(st.st_mode);
}

static bool want(struct session *s, uint32_t id, int fd)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int wd = is_readable_directory(fd) && s->n < 2 * WATCHER_FOLDERS_MAX
                 ? inotify_add_watch(inotify_fd, path, EVENTS)
                 : -1;
    if (wd < 0)
        return false;
    struct want *w = xcalloc(1, sizeof *w);
    *w = (struct want){.next = s->wants, .next_bucket = *bucket(wd), .session = s, .wd = wd, .id = id};
    s->wants = *bucket(wd) = w;
    s->n++;
    return true;
}

/* ---- sessions ---- */

static void tell(struct session *s)
{
    if (s->wake)
        (void)!send(s->watch.fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* full: it will look anyway */
    s->wake = false;
}

static void session_end(struct session *s)
{
    drop_id(s, 0, true);
    loop_unwatch(loop, &s->watch);
    close(s->watch.fd);
    *s->at = s->next;
    if (s->next)
        s->next->at = s->at;
    free(s);
    if (!sessions && !control.active)
        loop_stop(loop);
}

/* Returns false if the session broke the rules, or cannot be served. */
static bool obey(struct session *s, struct msg_in *in)
{
    uint32_t id = msg_get_u32(in);
    bool fine = in->type == WATCHER_ADD || in->type == WATCHER_DROP;
    if (in->type == WATCHER_ADD) {
        AUTO_CLOSE int new_fd = msg_get_fd(in);
        AUTO_CLOSE int cur_fd = msg_get_fd(in);
        s->wake = true; /* what happened before this was not seen */
        return msg_end(in) && want(s, id, new_fd) && want(s, id, cur_fd);
    }
    drop_id(s, id, false);
    return fine && msg_end(in);
}

static void on_session(void *arg, uint32_t ready)
{
    struct session *s = arg;
    struct msg_in in;
    (void)ready;
    int r = msg_recv(s->watch.fd, &record, &in, -1);
    if (r < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool fine = r > 0 && obey(s, &in);
    if (r > 0)
        msg_in_done(&in);
    if (fine)
        tell(s);
    else
        session_end(s);
}

static void session_begin_watch(int fd)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->next = sessions;
    s->at = &sessions;
    if (sessions)
        sessions->at = &s->next;
    sessions = s;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    loop_watch(loop, &s->watch, fd, EPOLLIN, on_session, s);
}

/* ---- accessd ---- */

static void on_control(void *arg, uint32_t ready)
{
    struct msg_in in;
    (void)arg;
    (void)ready;
    int r = msg_recv(STDIN_FILENO, &record, &in, -1);
    if (r <= 0) {
        loop_unwatch(loop, &control);
        if (!sessions)
            loop_stop(loop);
        return;
    }
    int fd = in.type == WATCHER_SESSION ? msg_get_fd(&in) : -1;
    if (fd >= 0)
        session_begin_watch(fd);
    msg_in_done(&in);
}

/* ---- events ---- */

static void mark(const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        for (struct session *s = sessions; s; s = s->next)
            s->wake = true;
    for (struct want *w = *bucket(event->wd); w; w = w->next_bucket)
        w->session->wake |= w->wd == event->wd;
}

static void on_events(void *arg, uint32_t ready)
{
    static char buffer[BUFFER] __attribute__((aligned(__alignof__(struct inotify_event))));
    (void)arg;
    (void)ready;
    ssize_t n = read(inotify_fd, buffer, sizeof buffer);
    for (char *p = buffer; n > 0 && p < buffer + n;) {
        const struct inotify_event *event = (const struct inotify_event *)p;
        p += sizeof *event + event->len;
        mark(event);
    }
    for (struct session *s = sessions; s; s = s->next)
        tell(s);
}

int main(void)
{
    log_init_child("posthouse-watch", LOG_FD);
    priv_hide();
    inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify_fd < 0)
        log_fatal("no inotify instance for uid %d: %m; raise fs.inotify.max_user_instances", (int)getuid());
    loop = loop_new();
    loop_watch(loop, &control, STDIN_FILENO, EPOLLIN, on_control, NULL);
    loop_watch(loop, &events, inotify_fd, EPOLLIN, on_events, NULL);
    loop_run(loop);
    return 0;
}
