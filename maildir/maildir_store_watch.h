/*
 * maildir_store_watch.h - hints that something has happened in one of many folders, or to the tree of folders: for NOTIFY.
 *
 * Nothing is said that must not be checked: a hint may come for nothing, and where the kernel grants no watch (active is false)
 * everything has to be looked at now and then.
 */
#ifndef MAILDIR_MAILDIR_STORE_WATCH_H
#define MAILDIR_MAILDIR_STORE_WATCH_H

#include "maildir/maildir.h"

struct mail_store_watch;

/* Watches the root: folders that come and go, subscriptions. */
struct mail_store_watch *mail_store_watch_new(struct mail_store *store);
void mail_store_watch_free(struct mail_store_watch *w); /* NULL is fine */
/* Watch this folder's messages from now on (side_files: and what lies beside them), or no longer. One that is gone is passed over. */
void mail_store_watch_add(struct mail_store_watch *w, const char *name, bool side_files);
void mail_store_watch_drop(struct mail_store_watch *w, const char *name);
/* Readable when there are hints; -1: there will be none. */
int mail_store_watch_fd(const struct mail_store_watch *w);
/* Hand out the hints that there are. name: a watched folder, or NULL: the tree. */
void mail_store_watch_read(struct mail_store_watch *w, void (*touched)(void *arg, const char *name),
                           void *arg);

#endif
