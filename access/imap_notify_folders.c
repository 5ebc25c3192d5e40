/*
 * imap_notify_folders.c - NOTIFY's mailboxes that are not selected: their names, subscriptions and counts.
 *
 * Hints come from mail_store_watch; what is told is the difference between what the client was told last and what is now. A mailbox
 * whose directory is the one of another name before was renamed. The selected mailbox is told of by the session; a hint about it is kept
 * until it is no longer selected.
 */
#include "access/imap_list.h"
#include "access/imap_notify.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>

#define STATUS_TEXT_MAX 16384

/* ---- counts ---- */

static bool is_selected(const struct imap *s, const struct imap_notify_folder *f)
{
    return s->mb && strcmp(mailbox_name(s->mb), f->folder.name) == 0;
}

static bool counts_wanted(const struct imap_notify_folder *f)
{
    return f->folder.exists && f->events & IMAP_NOTIFY_MESSAGES;
}

/* The STATUS items that differ from what the client was told; first: all that RFC 5465 section 3.1 asks for. */
static void put_items(const struct imap *s, const struct imap_notify_folder *f,
                      const struct mailbox_status *now, bool first, struct strbuf *out)
{
    const struct mailbox_status *old = &f->status;
    bool moved = first || now->messages != old->messages || now->uidnext != old->uidnext;
    bool flags = f->events & IMAP_NOTIFY_FLAGS && (first || now->highestmodseq != old->highestmodseq);
    bool modseq = s->enabled & IMAP_ENABLED_CONDSTORE && (moved || flags);
    if (moved)
        strbuf_addf(out, " MESSAGES %u UIDNEXT %u", now->messages, now->uidnext);
    if (first || now->uidvalidity != old->uidvalidity || (modseq && flags))
        strbuf_addf(out, " UIDVALIDITY %u", now->uidvalidity);
    if (modseq)
        strbuf_addf(out, " HIGHESTMODSEQ %llu", (unsigned long long)now->highestmodseq);
    if (!first && f->events & IMAP_NOTIFY_FLAGS && now->unseen != old->unseen)
        strbuf_addf(out, " UNSEEN %u", now->unseen);
}

static void count(struct imap *s, struct imap_notify_folder *f, bool tell, bool first)
{
    AUTO_STRBUF struct strbuf items = STRBUF_INIT(STATUS_TEXT_MAX);
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(STATUS_TEXT_MAX);
    struct mailbox_status now = {0};
    struct err e; /* it is gone: its name will be told of */
    f->touched = false;
    if (mail_store_status(s->store, f->folder.name, false, &now, &e))
        return;
    put_items(s, f, &now, first || !f->counted, &items);
    bool new_and_empty = !first && !f->counted && now.uidnext == 1;
    f->status = now;
    f->counted = true;
    if (!tell || !items.len || new_and_empty)
        return;
    imap_mailbox_write(s, &name, f->folder.name);
    imap_untagged(s, "STATUS %s (%s)", name.data, items.data + 1);
}

/* ---- the tree ---- */

static struct imap_notify_folder *find(const struct imap_notify *n, const char *name)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->folders[i].folder.name, name) == 0)
            return &n->folders[i];
    return NULL;
}

/* One that exists and whose directory is this one. */
static const struct imap_notify_folder *find_directory(const struct imap_notify *n, uint64_t ino)
{
    for (size_t i = 0; ino && i < n->n; i++)
        if (n->folders[i].folder.exists && n->folders[i].folder.ino == ino)
            return &n->folders[i];
    return NULL;
}

static void tell_name(struct imap *s, const struct imap_notify_folder *f, unsigned event,
                      const char *old_name)
{
    if (f->events & event && !imap_notify_is_own(s->notify, f->folder.name))
        imap_list_tell(s, &f->folder, old_name);
}

/* The direct parent of one that came or went is affected, too. */
static void tell_parent(struct imap *s, const struct imap_notify *now, const char *name)
{
    AUTO_FREE char *parent = xstrdup(name);
    char *dot = strrchr(parent, '.');
    if (!dot || imap_notify_is_own(s->notify, name))
        return;
    *dot = '\0';
    const struct imap_notify_folder *f = find(now, parent);
    if (f)
        tell_name(s, f, IMAP_NOTIFY_NAME, NULL);
}

/* The old name of one that is new, or NULL. */
static const struct imap_notify_folder *renamed_from(const struct imap_notify *before,
                                                     const struct imap_notify *now,
                                                     const struct imap_notify_folder *f)
{
    const struct imap_notify_folder *old = find_directory(before, f->folder.ino),
                                    *still = old ? find(now, old->folder.name) : NULL;
    return still && still->folder.exists ? NULL : old;
}

/* It came along with its parent. */
static bool came_along(const struct imap_notify *before, const struct imap_notify *now,
                       const struct imap_notify_folder *f)
{
    AUTO_FREE char *parent = xstrdup(f->folder.name);
    char *dot = strrchr(parent, '.');
    if (!dot)
        return false;
    *dot = '\0';
    const struct imap_notify_folder *up = find(now, parent), *was = up ? find(before, parent) : NULL;
    return up && up->folder.exists && !(was && was->folder.exists) && renamed_from(before, now, up);
}

static void tell_arrival(struct imap *s, const struct imap_notify *before, const struct imap_notify *now,
                         const struct imap_notify_folder *f)
{
    const struct imap_notify_folder *old = renamed_from(before, now, f);
    if (old && came_along(before, now, f))
        return;
    tell_name(s, f, IMAP_NOTIFY_NAME, old ? old->folder.name : NULL);
    if (!old)
        tell_parent(s, now, f->folder.name);
}

static void tell_departure(struct imap *s, const struct imap_notify *now,
                           const struct imap_notify_folder *old)
{
    const struct imap_notify_folder *left = find(now, old->folder.name);
    struct imap_notify_folder gone = {.folder = {.name = old->folder.name,
                                                 .subscribed = left && left->folder.subscribed,
                                                 .has_children = left && left->folder.has_children},
                                      .events = old->events};
    if (find_directory(now, old->folder.ino))
        return; /* told of with its new name */
    tell_name(s, &gone, IMAP_NOTIFY_NAME, NULL);
    tell_parent(s, now, old->folder.name);
}

static void tell_tree(struct imap *s, const struct imap_notify *before, const struct imap_notify *now)
{
    for (size_t i = 0; i < before->n; i++) {
        const struct imap_notify_folder *f = find(now, before->folders[i].folder.name);
        if (before->folders[i].folder.exists && !(f && f->folder.exists))
            tell_departure(s, now, &before->folders[i]);
    }
    for (size_t i = 0; i < now->n; i++) {
        const struct imap_notify_folder *f = &now->folders[i], *old = find(before, f->folder.name);
        if (f->folder.exists && !(old && old->folder.exists))
            tell_arrival(s, before, now, f);
        if ((old && old->folder.subscribed) != f->folder.subscribed)
            tell_name(s, f, IMAP_NOTIFY_SUBSCRIPTION, NULL);
    }
}

/* Take over what is known of those that were there before, and watch those that count. */
static void settle(struct imap_notify *n, const struct imap_notify *before)
{
    for (size_t i = 0; i < n->n; i++) {
        struct imap_notify_folder *f = &n->folders[i], *old = find(before, f->folder.name);
        bool same = old && old->folder.ino == f->folder.ino;
        if (same) {
            f->watched = old->watched;
            f->counted = old->counted;
            f->annotated = old->annotated;
            f->annotations = old->annotations;
            old->annotations = (struct metadata){NULL, 0};
            f->touched = old->touched;
            f->status = old->status;
            old->watched = false;
        }
        if (!f->watched && f->folder.exists && f->events & (IMAP_NOTIFY_MESSAGES | IMAP_NOTIFY_METADATA)) {
            mail_store_watch_add(n->watch, f->folder.name, f->events & IMAP_NOTIFY_METADATA);
            f->watched = f->touched = true;
        }
    }
}

static void forget(struct imap_notify *n, struct imap_notify *before)
{
    for (size_t i = 0; i < before->n; i++) {
        if (before->folders[i].watched)
            mail_store_watch_drop(n->watch, before->folders[i].folder.name);
        free(before->folders[i].folder.name);
        metadata_done(&before->folders[i].annotations);
    }
    free(before->folders);
}

/* The mailboxes as they are now into n; *before gets those that were. -1: they cannot be read, all stays. */
static int read_tree(struct imap *s, struct imap_notify *n, struct imap_notify *before)
{
    struct mail_folder *folders;
    size_t count;
    struct err e;
    if (mail_store_folders(s->store, &folders, &count, &e)) {
        log_error("%s: NOTIFY: %s", s->options->user, e.text);
        return -1;
    }
    *before = (struct imap_notify){.folders = n->folders, .n = n->n};
    n->folders = xcalloc(count + 1, sizeof(*n->folders));
    n->n = count;
    for (size_t i = 0; i < count; i++) {
        n->folders[i].folder = folders[i]; /* with its name */
        n->folders[i].events = imap_notify_events(n, &folders[i]);
    }
    free(folders);
    return 0;
}

static void look_at_tree(struct imap *s, bool tell)
{
    struct imap_notify *n = s->notify, before;
    n->tree_touched = false;
    if (read_tree(s, n, &before))
        return;
    if (tell)
        tell_tree(s, &before, n);
    settle(n, &before);
    forget(n, &before);
}

/* ---- all ---- */

static void on_hint(void *arg, const char *name)
{
    struct imap_notify *n = arg;
    struct imap_notify_folder *f = name ? find(n, name) : NULL;
    if (f)
        f->touched = true;
    else
        n->tree_touched = true;
}

/* A hint about the selected mailbox is kept until it is no longer selected. */
static void look_at_touched(struct imap *s, bool tell, bool first)
{
    for (size_t i = 0; i < s->notify->n && !s->io.dead; i++) {
        struct imap_notify_folder *f = &s->notify->folders[i];
        if (!f->touched)
            continue;
        f->touched = counts_wanted(f) && is_selected(s, f);
        if (counts_wanted(f) && !f->touched)
            count(s, f, tell, first);
        if (f->events & IMAP_NOTIFY_METADATA && f->folder.exists) {
            imap_notify_annotations(s, f->folder.name, &f->annotations, tell && f->annotated && !first);
            f->annotated = true;
        }
    }
}

static bool server_wanted(const struct imap_notify *n)
{
    for (size_t i = 0; i < n->ngroups; i++)
        if (n->groups[i].events & IMAP_NOTIFY_SERVER_METADATA)
            return true;
    return false;
}

static void look_at_root(struct imap *s, bool tell)
{
    look_at_tree(s, tell);
    if (!server_wanted(s->notify))
        return;
    imap_notify_annotations(s, NULL, &s->notify->annotations, tell && s->notify->server_annotated);
    s->notify->server_annotated = true;
}

void imap_notify_begin(struct imap *s)
{
    if (!s->notify->watch)
        return;
    look_at_root(s, false);
    look_at_touched(s, s->notify->status, true);
}

void imap_notify_tell(struct imap *s)
{
    struct imap_notify *n = s->notify;
    if (!n || !n->watch)
        return;
    mail_store_watch_read(n->watch, on_hint, n);
    if (n->tree_touched) {
        struct imap_notify_folder *inbox = find(n, "INBOX"); /* whose directory is the root */
        if (inbox)
            inbox->touched = true;
        look_at_root(s, true);
    }
    look_at_touched(s, true, false);
    while (n->nown)
        free(n->own[--n->nown]);
}
