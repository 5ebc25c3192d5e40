/*
 * maildir_watch.c - see maildir_watch.h.
 */
#include "maildir/maildir_watch.h"

#include "maildir/maildir_watcher.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define BUFFER 32768

static int watch_dir(int inotify, int dir)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    return inotify_add_watch(inotify, path, EVENTS);
}

static int take_instance(struct maildir_watches *from)
{
    return from->n ? from->fds[--from->n] : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static void give_back(struct maildir_watches *from, int fd)
{
    if (from->n < MAILDIR_WATCH_SPARES)
        from->fds[from->n++] = fd;
    else
        close(fd);
}

void maildir_watches_close(struct maildir_watches *from)
{
    while (from->n)
        close(from->fds[--from->n]);
    if (from->watcher)
        close(from->watcher);
    from->watcher = 0;
}

static void watch_alone(struct maildir_watch *w, struct maildir_watches *from, int new_fd, int cur_fd)
{
    *w = (struct maildir_watch){.fd = take_instance(from)};
    if (w->fd < 0)
        return;
    w->new_wd = watch_dir(w->fd, new_fd);
    w->cur_wd = watch_dir(w->fd, cur_fd);
    if (w->new_wd < 0 || w->cur_wd < 0)
        maildir_watch_close(w, from);
    else
        maildir_watch_read(w, NULL, NULL); /* of folders that were watched before */
    w->lost = false;
}

static void watcher_is_gone(struct maildir_watches *from)
{
    close(from->watcher);
    from->watcher = 0;
}

bool maildir_watches_hear(struct maildir_watches *from)
{
    int r = from->watcher ? watcher_drain(from->watcher) : 0;
    from->said += r > 0;
    if (r < 0)
        watcher_is_gone(from);
    return from->watcher != 0;
}

void maildir_watch_open(struct maildir_watch *w, struct maildir_watches *from, int new_fd, int cur_fd)
{
    *w = (struct maildir_watch)MAILDIR_WATCH_INIT;
    if (from->watcher && watcher_add(from->watcher, ++from->ids, new_fd, cur_fd))
        watcher_is_gone(from);
    if (from->watcher)
        w->id = from->ids;
    else
        watch_alone(w, from, new_fd, cur_fd);
}

void maildir_watch_look(struct maildir_watch *w, struct maildir_watches *from, int new_fd, int cur_fd)
{
    if (!w->id)
        return;
    if (!maildir_watches_hear(from))
        watch_alone(w, from, new_fd, cur_fd);
}

int maildir_watch_fd(const struct maildir_watch *w, const struct maildir_watches *from)
{
    return w->id && from->watcher ? from->watcher : w->fd;
}

void maildir_watch_close(struct maildir_watch *w, struct maildir_watches *from)
{
    if (w->id && from->watcher && watcher_drop(from->watcher, w->id))
        watcher_is_gone(from);
    if (w->fd >= 0) {
        if (w->new_wd >= 0)
            inotify_rm_watch(w->fd, w->new_wd);
        if (w->cur_wd >= 0)
            inotify_rm_watch(w->fd, w->cur_wd);
        give_back(from, w->fd);
    }
    *w = (struct maildir_watch)MAILDIR_WATCH_INIT;
}

size_t maildir_watch_read(struct maildir_watch *w,
                          void (*touched)(void *arg, const char *name, bool in_new, bool here), void *arg)
{
    char buffer[BUFFER] __attribute__((aligned(__alignof__(struct inotify_event))));
    size_t count = 0;
    int queued = 0;
    if (ioctl(w->fd, FIONREAD, &queued) < 0)
        return 0;
    while (queued > 0) {
        ssize_t n = read(w->fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        queued -= (int)n;
        for (char *p = buffer; p < buffer + n; count++) {
            const struct inotify_event *event = (const struct inotify_event *)p;
            p += sizeof *event + event->len;
            bool ours = event->wd == w->new_wd || event->wd == w->cur_wd;
            w->lost |= event->mask & IN_Q_OVERFLOW || (ours && event->mask & (IN_IGNORED | IN_UNMOUNT));
            if (ours && event->len && touched)
                touched(arg, event->name, event->wd == w->new_wd,
                        (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0);
        }
    }
    return count;
}
