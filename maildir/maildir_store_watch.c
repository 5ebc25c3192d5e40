/*
 * maildir_store_watch.c - see maildir_store_watch.h. One inotify instance for all folders, or the watcher of this uid
 * (maildir_watcher.h), which only says that something has happened in one of them.
 */
#include "maildir/maildir_store_watch.h"

#include "maildir/maildir_internal.h"
#include "maildir/maildir_watcher.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>

#define EVENTS  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define BUFFER  16384
#define ID_BASE (UINT32_C(1) << 31) /* at the watcher, apart from the mailboxes that are open */

struct watched {
    char *name; /* NULL: the root */
    int new_wd, cur_wd, folder_wd;
    uint32_t id;
};

struct mail_store_watch {
    struct mail_store *store;
    int fd; /* an inotify instance; -1: none */
    struct watched *folders;
    size_t n;
    uint32_t ids;
    unsigned said; /* what the watcher said up to here has been handed out */
};

static int add_wd(const struct mail_store_watch *w, int dir)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    return inotify_add_watch(w->fd, path, EVENTS);
}

static void add(struct mail_store_watch *w, const char *name, int new_fd, int cur_fd, int folder_fd)
{
    w->folders = xgrow(w->folders, w->n, sizeof *w->folders);
    struct watched *f = &w->folders[w->n++];
    *f = (struct watched){.name = name ? xstrdup(name) : NULL,
                          .new_wd = -1,
                          .cur_wd = -1,
                          .folder_wd = -1,
                          .id = ID_BASE + ++w->ids};
    if (w->fd >= 0) {
        f->new_wd = add_wd(w, new_fd);
        f->cur_wd = add_wd(w, cur_fd);
        f->folder_wd = folder_fd >= 0 ? add_wd(w, folder_fd) : -1;
    } else if (w->store->watches.watcher) {
        (void)watcher_add(w->store->watches.watcher, f->id, new_fd, cur_fd);
        if (folder_fd >= 0)
            (void)watcher_add(w->store->watches.watcher, f->id, folder_fd, folder_fd);
    }
}

struct mail_store_watch *mail_store_watch_new(struct mail_store *store)
{
    struct mail_store_watch *w = xcalloc(1, sizeof *w);
    *w = (struct mail_store_watch){.store = store, .fd = -1};
    if (!store->watches.watcher)
        w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    add(w, NULL, store->fd, store->fd, -1);
    return w;
}

static void forget(struct mail_store_watch *w, struct watched *f)
{
    if (w->fd >= 0) {
        inotify_rm_watch(w->fd, f->new_wd);
        inotify_rm_watch(w->fd, f->cur_wd);
        if (f->folder_wd >= 0)
            inotify_rm_watch(w->fd, f->folder_wd);
    } else if (w->store->watches.watcher) {
        (void)watcher_drop(w->store->watches.watcher, f->id);
    }
    free(f->name);
}

void mail_store_watch_free(struct mail_store_watch *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++)
        forget(w, &w->folders[i]);
    cleanup_close(&w->fd);
    free(w->folders);
    free(w);
}

void mail_store_watch_add(struct mail_store_watch *w, const char *name, bool side_files)
{
    AUTO_FOLDER struct folder folder = FOLDER_INIT;
    struct err ignored; /* it is gone */
    if (!folder_open(&folder, w->store, name, &ignored))
        add(w, name, folder.new_fd, folder.cur_fd, side_files && folder.fd != folder.new_fd ? folder.fd : -1);
}

void mail_store_watch_drop(struct mail_store_watch *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->folders[i].name && !strcmp(w->folders[i].name, name)) {
            forget(w, &w->folders[i]);
            w->folders[i] = w->folders[--w->n];
            return;
        }
}

int mail_store_watch_fd(const struct mail_store_watch *w)
{
    return w->fd >= 0 ? w->fd : w->store->watches.watcher ? w->store->watches.watcher : -1;
}

static void all(const struct mail_store_watch *w, void (*touched)(void *arg, const char *name), void *arg)
{
    for (size_t i = 0; i < w->n; i++)
        touched(arg, w->folders[i].name);
}

static void one(const struct mail_store_watch *w, const struct inotify_event *event,
                void (*touched)(void *arg, const char *name), void *arg)
{
    if (event->mask & IN_Q_OVERFLOW)
        all(w, touched, arg);
    for (size_t i = 0; i < w->n; i++)
        if (w->folders[i].new_wd == event->wd || w->folders[i].cur_wd == event->wd ||
            w->folders[i].folder_wd == event->wd)
            touched(arg, w->folders[i].name);
}

void mail_store_watch_read(struct mail_store_watch *w, void (*touched)(void *arg, const char *name),
                           void *arg)
{
    char buffer[BUFFER] __attribute__((aligned(__alignof__(struct inotify_event))));
    if (w->fd < 0) {
        if (!maildir_watches_hear(&w->store->watches) || w->said != w->store->watches.said)
            all(w, touched, arg);
        w->said = w->store->watches.said;
        return;
    }
    ssize_t n = read(w->fd, buffer, sizeof buffer);
    int wd = -1;
    for (char *p = buffer; n > 0 && p < buffer + n;) {
        const struct inotify_event *event = (const struct inotify_event *)p;
        p += sizeof *event + event->len;
        if (event->wd != wd || event->wd < 0)
            one(w, event, touched, arg);
        wd = event->wd;
    }
}
