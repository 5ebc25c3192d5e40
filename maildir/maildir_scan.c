/*
 * maildir_scan.c - looking at new/ and cur/ again, and what follows from it.
 *
 * Under the uidlist lock, so that other servers' scans and our own renames never meet:
 *
 *   1  keywords, index and uidlist as they are now
 *   2  names that differ from the index, from events or directories; new/ moved to cur/   (maildir_scan_look.c)
 *   3  the truth about names that somebody touched meanwhile                              (maildir_scan_touched.c)
 *   4  whose they are: index, uidlist, or new UIDs                                        (maildir_scan_join.c)
 *   5  new UIDs appended to the uidlist and synced: only then may a client see them
 *   6  all of it into the index, in one transaction                                       (maildir_update.c)
 *
 * Everything is read and joined with the whole uidlist where the index does not know the folder, or where somebody else wrote the
 * uidlist. Without the lock (disk full, no write permission) only known messages are listed, in an index in memory.
 *
 * Races with writers that take no lock (mutt, procmail, mv): a watched directory tells what was renamed while it was read. Even
 * then names are read once more before a message is believed gone, since programs that link and unlink leave a second name
 * that no event of late has told of. Where there is no watch, it takes LOOKS readings that miss it: each may miss a file that
 * is renamed meanwhile. The same base seen twice is one message: removing one could lose mail.
 */
#include "maildir/maildir_scan.h"
#include "maildir/maildir_courier.h"

#include <errno.h>

#define LOOKS      5
#define SETTLE_MAX 4000 /* changes of ours whose events are looked through; the queue holds 16384 */
#define ATTEMPTS   3    /* with an index that fails */

static void scan_done(struct scan *s)
{
    names_done(&s->names);
    names_done(&s->touched_names);
    free(s->touched);
    free(s->seen);
    free(s->dirty);
    free(s->listing.hashes);
    free(s->listing.uids);
    free(s->gone);
    free(s->changes);
    uidlist_done(&s->uidlist);
}

/* ---- what has gone ---- */

static void add_gone(struct scan *s, uint32_t uid)
{
    s->gone = xgrow(s->gone, s->ngone, sizeof *s->gone);
    s->gone[s->ngone++] = uid;
}

static void find_missing(struct scan *s)
{
    const struct uid_runs *runs = &s->mb->runs;
    size_t at = 0;
    s->ngone = 0;
    for (uint32_t seq = 1; seq <= runs->count; seq++) {
        if (s->seen && !(seq % 64 != 1) && s->seen[(seq - 1) / 64] == UINT64_MAX) {
            seq += 63;
            continue;
        }
        uint32_t uid = uid_runs_at(runs, seq);
        while (at < s->names.n && s->names.items[at].uid < uid)
            at++;
        bool found = at < s->names.n && s->names.items[at].uid == uid;
        if (!found && !(s->seen && s->seen[(seq - 1) / 64] >> ((seq - 1) % 64) & 1))
            add_gone(s, uid);
    }
}

struct second_look {
    struct scan *s;
    struct names missing; /* bases, sorted */
    bool in_new;
};

static int compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    size_t n = x->base_len < y->base_len ? x->base_len : y->base_len;
    int r = memcmp(x->name, y->name, n);
    return r ? r : x->base_len - y->base_len;
}

static int each_again(void *arg, const char *name, struct err *e)
{
    (void)e;
    struct second_look *look = arg;
    struct found key = {.name = name, .base_len = (uint16_t)maildir_name_base(bytes_of(name)).n};
    const struct found *hit = bsearch(&key, look->missing.items, look->missing.n, sizeof key, compare);
    if (hit)
        names_add(&look->s->names, name, look->in_new)->uid = hit->uid;
    return 0;
}

static int by_uid(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

static int look_again(struct scan *s, struct err *e)
{
    struct second_look look = {.s = s};
    for (size_t i = 0; i < s->ngone; i++) {
        struct index_mail mail;
        AUTO_FREE char *base = NULL;
        if (!mailbox_record(s->mb, s->gone[i], &mail) || !(base = bytes_dup(mail.base)))
            continue;
        names_add(&look.missing, base, false)->uid = s->gone[i];
    }
    if (look.missing.n)
        qsort(look.missing.items, look.missing.n, sizeof *look.missing.items, compare);
    int r = names_read(s->mb->folder.cur_fd, each_again, &look, e);
    look.in_new = true;
    if (!r)
        r = names_read(s->mb->folder.new_fd, each_again, &look, e);
    names_done(&look.missing);
    size_t left = 0;
    if (s->names.n)
        qsort(s->names.items, s->names.n, sizeof *s->names.items, by_uid);
    for (size_t i = 0; i < s->names.n; i++)
        if (!left || s->names.items[left - 1].uid != s->names.items[i].uid)
            s->names.items[left++] = s->names.items[i];
    s->names.n = left;
    return r;
}

static int believe_missing(struct scan *s, struct err *e)
{
    if (s->mb->head.validity != s->uidlist.validity)
        return 0; /* numbered anew: the UIDs that the index knows are nobody's */
    find_missing(s);
    bool watched = maildir_watch_active(&s->mb->watch) && !s->mb->store->shared;
    for (int i = 1; i < (watched ? 2 : LOOKS) && s->ngone; i++) {
        if (look_again(s, e))
            return -1;
        find_missing(s);
    }
    return 0;
}

/* ---- into the index ---- */

/* Keywords above the letters: of all, or of those that are new to the index (the file may have been here before). */
static int read_masks(struct scan *s, struct err *e)
{
    struct sidecar *sc = &s->mb->sidecar;
    bool changed, wanted = sc->exists && s->names.n;
    return wanted && !sc->has_masks ? sidecar_read(sc, s->mb->folder.fd, true, &changed, e) : 0;
}

static void add_changes(struct scan *s)
{
    size_t g = 0, line = 0;
    struct sidecar *sc = &s->mb->sidecar;
    s->changes = xcalloc(s->names.n + s->ngone + 1, sizeof *s->changes);
    for (size_t i = 0; i < s->names.n || g < s->ngone;) {
        struct mail_change *c = &s->changes[s->nchanges++];
        if (g < s->ngone && (i == s->names.n || s->gone[g] < s->names.items[i].uid)) {
            *c = (struct mail_change){.uid = s->gone[g++], .gone = true};
            continue;
        }
        const struct found *f = &s->names.items[i++];
        *c = (struct mail_change){.uid = f->uid, .in_new = f->in_new, .name = found_name(f)};
        c->has_keywords = s->full || sc->has_masks;
        c->keywords = sc->has_masks ? sidecar_mask(sc, found_base(f)) : 0;
        while (line < s->uidlist.n && s->uidlist.entries[line].uid < f->uid)
            line++;
        if (line < s->uidlist.n && s->uidlist.entries[line].uid == f->uid) {
            c->has_fields = true;
            c->fields = uidlist_fields(&s->uidlist, &s->uidlist.entries[line]);
        }
    }
}

static void remember_recent(struct scan *s)
{
    struct mailbox *mb = s->mb;
    for (size_t i = 0; i < s->names.n; i++) {
        const struct found *f = &s->names.items[i];
        if (f->recent)
            uid_runs_edit(&mb->recent, NULL, 0, &f->uid, 1);
    }
}

/* Lines come in the order of their UIDs, as names are. */
struct file_walk {
    const struct names *names;
    size_t at;
};

static bool has_file(void *arg, const struct uidlist_entry *line)
{
    struct file_walk *w = arg;
    while (w->at < w->names->n && w->names->items[w->at].uid < line->uid)
        w->at++;
    return w->at < w->names->n && w->names->items[w->at].uid == line->uid;
}

static int save_uidlist(struct scan *s, struct err *e)
{
    struct uidlist *ul = &s->uidlist;
    if (s->full)
        ul->rewrite |= uidlist_is_stale(ul->lines + ul->n - ul->saved, s->names.n);
    struct file_walk walk = {.names = &s->names};
    if (s->lock && uidlist_save(ul, s->mb->folder.fd, s->full ? has_file : NULL, &walk, e))
        return -1;
    s->head.validity = ul->validity;
    s->head.next = ul->next;
    s->head.lines = (uint32_t)ul->lines;
    if (!ul->partial)
        snprintf(s->head.guid, sizeof s->head.guid, "%s", ul->guid);
    s->head.uidlist = index_stamp_at(s->mb->folder.fd, "dovecot-uidlist");
    return 0;
}

static int into_index(struct scan *s, struct err *e)
{
    struct mailbox *mb = s->mb;
    struct mail_listing listing = {s->listing.hashes, s->listing.uids, s->listing.n};
    bool reset = mb->head.validity != s->uidlist.validity;
    struct index_head before = mb->head;
    mb->head = s->head;
    int rc = mailbox_apply(mb, s->changes, s->nchanges, s->listing.whole ? &listing : NULL, reset);
    if (!rc)
        return 0;
    mb->head = before;
    return mailbox_index_err(mb, rc, e);
}

/* ---- all of it ---- */

static int read_uidlist(struct scan *s, struct err *e)
{
    struct mailbox *mb = s->mb;
    bool changed;
    if (uidlist_read(&s->uidlist, mb->folder.fd, &changed, e))
        return -1;
    if (s->uidlist.validity == mb->head.validity && s->uidlist.next < mb->head.next)
        s->uidlist.next = mb->head.next; /* an older file was put back: those UIDs were told */
    if (!s->lock || !s->uidlist.courier)
        return 0;
    if (courier_take_keywords(mb->folder.fd, &mb->keywords, &mb->sidecar, s->lock, e))
        return -1;
    s->head.keywords = index_stamp_at(mb->folder.fd, "dovecot-keywords");
    s->head.sidecar = index_stamp_at(mb->folder.fd, SIDECAR_FILE);
    return 0;
}

static int open_state(struct scan *s, struct err *e)
{
    struct mailbox *mb = s->mb;
    if (mailbox_read_keywords(mb, e) || mailbox_load(mb, e))
        return -1;
    s->head = mb->head;
    s->head.keywords = index_stamp_at(mb->folder.fd, "dovecot-keywords");
    s->head.sidecar = index_stamp_at(mb->folder.fd, SIDECAR_FILE);
    s->full |= !index_stamp_eq(&s->head.sidecar, &mb->head.sidecar);
    struct index_stamp now = index_stamp_at(mb->folder.fd, "dovecot-uidlist");
    s->full |= !mb->head.validity || !now.ino || !index_stamp_eq(&now, &mb->head.uidlist) ||
               uidlist_is_stale(mb->head.lines, mb->head.count);
    if (s->full)
        return read_uidlist(s, e);
    uidlist_resume(&s->uidlist, mb->head.validity, mb->head.next, mb->head.lines, mb->head.uidlist.size);
    return 0;
}

enum { ALL_NAMES = 1, NO_EVENTS = 2 };

/* Or what to do differently: ALL_NAMES, NO_EVENTS. */
static int scan(struct scan *s, struct err *e)
{
    if (open_state(s, e) || scan_look(s, e) || scan_touched_settle(s, e))
        return -1;
    if (s->mb->watch.lost) {
        s->mb->exact = false;
        if (s->events_only)
            return NO_EVENTS;
    }
    int r = scan_join(s, e);
    if (r)
        return r < 0 ? r : ALL_NAMES;
    if (believe_missing(s, e) || save_uidlist(s, e))
        return -1;
    if (!s->uidlist.validity)
        return 0; /* nobody numbers it: open_state of the mailbox says so */
    if (read_masks(s, e) || scan_tidy_masks(s, e))
        return -1;
    add_changes(s);
    scan_list_names(s);
    if (into_index(s, e))
        return -1;
    remember_recent(s);
    s->mb->exact = maildir_watch_active(&s->mb->watch) && !s->mb->store->shared && !s->mb->watch.lost;
    return 0;
}

static int scan_once(struct mailbox *mb, struct maildir_lock *lock, bool full, struct err *e)
{
    struct scan s = {.mb = mb, .lock = lock, .full = full};
    uidlist_init(&s.uidlist);
    int r = scan(&s, e);
    scan_done(&s);
    return r;
}

int mailbox_scan(struct mailbox *mb, struct maildir_lock *lock, struct err *e)
{
    int r = 1;
    struct index *ix = store_index(mb->store);
    if (!lock && !ix->in_memory)
        index_recover(ix, EROFS); /* the shared one is written under the lock only */
    bool full = false;
    for (int i = 0; i < ATTEMPTS && r; i++) {
        unsigned generation = ix->generation;
        r = scan_once(mb, lock, full, e);
        full |= r == ALL_NAMES;
        if (r < 0 && generation == ix->generation)
            break;
    }
    return r > 0 ? err_set(e, ERR_INTERNAL, "the folder could not be read") : r;
}

void mailbox_unwatch(struct mailbox *mb, size_t n)
{
    if (n > SETTLE_MAX && maildir_watch_active(&mb->watch)) {
        maildir_watch_close(&mb->watch, &mb->store->watches);
        mb->exact = false;
    }
}

void mailbox_settle(struct mailbox *mb, struct maildir_lock *lock, size_t n)
{
    struct err ignored; /* then the next look reads the directories */
    if (n > SETTLE_MAX && maildir_watch_fd(&mb->watch, &mb->store->watches) < 0)
        maildir_watch_open(&mb->watch, &mb->store->watches, mb->folder.new_fd, mb->folder.cur_fd);
    if (mb->exact)
        (void)mailbox_scan(mb, lock, &ignored);
}

/* ---- messages that we put there ourselves ---- */

void mailbox_resume_uidlist(const struct mailbox *mb, struct uidlist *ul)
{
    uidlist_resume(ul, mb->head.validity, mb->head.next, mb->head.lines, mb->head.uidlist.size);
}

void mailbox_added(struct mailbox *mb, const struct uidlist *ul, const struct mail_change *made, size_t n,
                   struct maildir_lock *lock)
{
    struct err ignored; /* what the index does not know the next look finds */
    mb->head.next = ul->next;
    mb->head.lines = (uint32_t)ul->lines;
    mb->head.uidlist = index_stamp_at(mb->folder.fd, "dovecot-uidlist");
    mb->head.keywords = index_stamp_at(mb->folder.fd, "dovecot-keywords");
    mb->head.sidecar = index_stamp_at(mb->folder.fd, SIDECAR_FILE);
    int rc = mailbox_apply(mb, made, n, NULL, false);
    if (rc)
        mailbox_index_err(mb, rc, &ignored);
    else
        mailbox_settle(mb, lock, n);
}
