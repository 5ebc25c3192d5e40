/*
 * maildir_watch.h - the names that anybody touched in a folder's new/ and cur/, told by the kernel (inotify).
 *
 * An event is queued before the directory is unlocked again: who reads a directory and then the events knows of every
 * change that the reading may have missed. Only for file systems whose changes all pass through this kernel.
 *
 * Where many sessions share a uid, the store has a watcher (maildir_watcher.h) instead: it only says that something has happened.
 */
#ifndef MAILDIR_WATCH_H
#define MAILDIR_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a store's watches come from. Closing an inotify instance waits for the kernel some 10 ms: one or two are kept for its
 * next folders. */
#define MAILDIR_WATCH_SPARES 2
struct maildir_watches {
    int fds[MAILDIR_WATCH_SPARES];
    size_t n;
    int watcher; /* our end of a pair with the watcher of this uid; 0: none */
    uint32_t ids;
    unsigned said; /* how often it has said something */
};
/* Take what the watcher has said; false if there is none, or no longer. */
bool maildir_watches_hear(struct maildir_watches *from);
void maildir_watches_close(struct maildir_watches *from);

struct maildir_watch {
    int fd, new_wd, cur_wd; /* fd -1: there is no watch of our own */
    bool lost;              /* events were lost: the directories have to be read */
    uint32_t id;            /* at the watcher; 0: it does not know of us */
};

#define MAILDIR_WATCH_INIT                                                                                   \
    {                                                                                                        \
        .fd = -1                                                                                             \
    }

/* Begin to watch. Without an instance to be had (the kernel grants few per user) there is no watch. */
void maildir_watch_open(struct maildir_watch *w, struct maildir_watches *from, int new_fd, int cur_fd);
void maildir_watch_close(struct maildir_watch *w, struct maildir_watches *from);
/* What the watcher has said is about to be looked at. If the watcher is gone, watches are our own from now on. */
void maildir_watch_look(struct maildir_watch *w, struct maildir_watches *from, int new_fd, int cur_fd);
/* Readable when something has happened; -1: there is no such descriptor. */
int maildir_watch_fd(const struct maildir_watch *w, const struct maildir_watches *from);
/* Exact: what happened can be read. */
static inline bool maildir_watch_active(const struct maildir_watch *w)
{
    return w->fd >= 0;
}
/* Hand out what has been queued until now (somebody may make changes as fast as we read); here: the name stands in the directory now, as far as this event knows. touched NULL:
 * throw it away. Returns the number of events. */
size_t maildir_watch_read(struct maildir_watch *w,
                          void (*touched)(void *arg, const char *name, bool in_new, bool here), void *arg);

#endif
