/*
 * maildir_watch.c - see maildir_watch.h.
 */
#include "maildir/maildir_watch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define BUFFER 32768

static int watch_dir(int inotify, int dir)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    return inotify_add_watch(inotify, path, EVENTS);
}

void maildir_watch_open(struct maildir_watch *w, int new_fd, int cur_fd)
{
    *w = (struct maildir_watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (w->fd < 0)
        return;
    w->new_wd = watch_dir(w->fd, new_fd);
    w->cur_wd = watch_dir(w->fd, cur_fd);
    if (w->new_wd < 0 || w->cur_wd < 0)
        maildir_watch_close(w);
}

void maildir_watch_close(struct maildir_watch *w)
{
    if (w->fd >= 0)
        close(w->fd);
    *w = (struct maildir_watch)MAILDIR_WATCH_INIT;
}

size_t maildir_watch_read(struct maildir_watch *w,
                          void (*touched)(void *arg, const char *name, bool in_new, bool here), void *arg)
{
    char buffer[BUFFER] __attribute__((aligned(__alignof__(struct inotify_event))));
    size_t count = 0;
    ssize_t n;
    while ((n = read(w->fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)) {
        for (char *p = buffer; p < buffer + n; count++) {
            const struct inotify_event *event = (const struct inotify_event *)p;
            p += sizeof *event + event->len;
            w->lost |= (event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT)) != 0;
            if (event->len && touched)
                touched(arg, event->name, event->wd == w->new_wd,
                        (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0);
        }
    }
    return count;
}
