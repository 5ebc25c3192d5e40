/*
 * maildir_watch.h - the names that anybody touched in a folder's new/ and cur/, told by the kernel (inotify).
 *
 * An event is queued before the directory is unlocked again: who reads a directory and then the events knows of every
 * change that the reading may have missed. Only for file systems whose changes all pass through this kernel.
 */
#ifndef MAILDIR_WATCH_H
#define MAILDIR_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Closing an inotify instance waits for the kernel some 10 ms: a store keeps one or two for its next folders. */
#define MAILDIR_WATCH_SPARES 2
struct maildir_watch_spares {
    int fds[MAILDIR_WATCH_SPARES];
    size_t n;
};
void maildir_watch_spares_close(struct maildir_watch_spares *spares);

struct maildir_watch {
    int fd, new_wd, cur_wd; /* fd -1: there is no watch */
    bool lost;              /* events were lost: the directories have to be read */
};

#define MAILDIR_WATCH_INIT                                                                                   \
    {                                                                                                        \
        .fd = -1                                                                                             \
    }

/* Begin to watch. Without an instance to be had (the kernel grants few per user) there is no watch. */
void maildir_watch_open(struct maildir_watch *w, struct maildir_watch_spares *spares, int new_fd, int cur_fd);
void maildir_watch_close(struct maildir_watch *w, struct maildir_watch_spares *spares);
static inline bool maildir_watch_active(const struct maildir_watch *w)
{
    return w->fd >= 0;
}
/* Hand out what has been queued until now (somebody may make changes as fast as we read); here: the name stands in the directory now, as far as this event knows. touched NULL:
 * throw it away. Returns the number of events. */
size_t maildir_watch_read(struct maildir_watch *w,
                          void (*touched)(void *arg, const char *name, bool in_new, bool here), void *arg);

#endif
