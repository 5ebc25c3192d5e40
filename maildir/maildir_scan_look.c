/*
 * maildir_scan_look.c - reading new/ and cur/, no more of them than has changed.
 *
 *   L1  events that wait are thrown away, since the reading that follows sees more (unless they are all that is needed)
 *   L2  the directories' stamps
 *   L3  names in new/ renamed into cur/ with ":2," (a writer with the lock only; what cannot be moved is served from new/)
 *   L4  cur/ read. Names that stand in the listing of the last look, and were not renamed by us since, are passed over
 *       by comparing hashes in the order of the directory: 100,000 of them cost a few milliseconds beside the reading
 *   L5  stamps again, and then the events since L1: what the reading missed because it was renamed meanwhile. After
 *       this the stamps stand for a state that is known exactly.
 *
 * Where there is no watch, the stamps of L2 count: what changes meanwhile is seen next time.
 */
#include "maildir/maildir_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MOVE_ROUNDS 3  /* readings of new/ while others deliver into it */
#define LOOK_AHEAD  64 /* names of the listing that may have gone */

static void set_stamps(struct scan *s)
{
    struct stat st;
    const struct folder *f = &s->mb->folder;
    s->head.new_dir = fstat(f->new_fd, &st) ? (struct index_stamp){0} : index_stamp(&st);
    s->head.cur_dir = fstat(f->cur_fd, &st) ? (struct index_stamp){0} : index_stamp(&st);
    s->head.settled = mailbox_settled(s->mb, &s->head);
}

static bool changed(const struct scan *s, const struct index_stamp *now, const struct index_stamp *known)
{
    return s->full || !index_stamp_eq(now, known) || (!s->mb->head.settled && !s->mb->exact);
}

/* ---- L3 ---- */

static int add_new(void *arg, const char *name, struct err *e)
{
    struct names *names = arg;
    if (names->n == SCAN_NAMES_MAX)
        return err_set(e, ERR_LIMIT, "the folder has more than %d files", SCAN_NAMES_MAX);
    names_add(names, name, true);
    return 0;
}

/* 1 moved, 0 somebody else did, -1 cannot be moved. */
static int move_one(struct mailbox *mb, const char *name, struct strbuf *to)
{
    strbuf_clear(to);
    strbuf_adds(to, name);
    if (!strchr(name, ':'))
        strbuf_adds(to, ":2,");
    if (to->overflow)
        return -1;
    if (!maildir_rename(mb->folder.new_fd, name, mb->folder.cur_fd, to->data))
        return 1;
    return errno == ENOENT ? 0 : -1;
}

static size_t move_names(struct scan *s, const struct names *fresh, bool first)
{
    AUTO_STRBUF struct strbuf to = STRBUF_INIT(MAILDIR_NAME_MAX);
    size_t moved = 0;
    for (size_t i = 0; i < fresh->n; i++) {
        int result = move_one(s->mb, fresh->items[i].name, &to);
        maildir_lock_refresh(s->lock);
        if (result > 0)
            names_add(&s->names, to.data, false)->recent = true;
        else if (result < 0 && first)
            names_add(&s->names, fresh->items[i].name, true);
        moved += result > 0;
    }
    return moved;
}

static int move_new(struct scan *s, struct err *e)
{
    for (int round = 0; round < MOVE_ROUNDS; round++) {
        struct names fresh = {0};
        int r = names_read(s->mb->folder.new_fd, add_new, &fresh, e);
        size_t moved = r ? 0 : move_names(s, &fresh, !round);
        names_done(&fresh);
        if (r || !moved)
            return r;
    }
    return 0;
}

static int look_new(struct scan *s, struct err *e)
{
    bool writes = !s->mb->read_only && s->lock;
    if (s->events_only && !writes)
        return 0; /* the events name them */
    if (!changed(s, &s->head.new_dir, &s->mb->head.new_dir) && !s->mb->head.in_new)
        return 0; /* else cur/ is read too, and what is in neither is gone */
    return writes ? move_new(s, e) : names_read(s->mb->folder.new_fd, add_new, &s->names, e);
}

/* ---- L4 ---- */

struct reader {
    struct scan *s;
    const index_u64 *hashes; /* the listing of the last look */
    const index_u32 *uids;
    size_t n, at;
};

static void list(struct scan *s, uint64_t hash, uint32_t uid)
{
    if (s->listing.n == s->listing.size) {
        s->listing.size = s->listing.size ? s->listing.size * 2 : 256;
        s->listing.hashes = xrealloc(s->listing.hashes, s->listing.size, sizeof *s->listing.hashes);
        s->listing.uids = xrealloc(s->listing.uids, s->listing.size, sizeof *s->listing.uids);
    }
    s->listing.hashes[s->listing.n] = hash;
    s->listing.uids[s->listing.n++] = uid;
}

/* The message that had this name at the last look, 0 if none had. */
static uint32_t in_listing(struct reader *r, uint64_t hash)
{
    size_t end = r->n - r->at > LOOK_AHEAD ? r->at + LOOK_AHEAD : r->n;
    for (size_t i = r->at; i < end; i++) {
        if (r->hashes[i] == hash) {
            r->at = i + 1;
            return r->uids[i];
        }
    }
    return 0;
}

static bool bit(const uint64_t *bits, uint32_t seq)
{
    return bits[(seq - 1) / 64] >> ((seq - 1) % 64) & 1;
}

void scan_mark_seen(struct scan *s, uint32_t uid)
{
    uint32_t seq = uid_runs_seq(&s->mb->runs, uid);
    if (seq && s->seen)
        s->seen[(seq - 1) / 64] |= (uint64_t)1 << ((seq - 1) % 64);
}

static int each_cur(void *arg, const char *name, struct err *e)
{
    struct reader *r = arg;
    struct scan *s = r->s;
    uint64_t hash = index_hash(bytes_of(name));
    uint32_t uid = in_listing(r, hash), seq = uid ? uid_runs_seq(&s->mb->runs, uid) : 0;
    if (s->names.n + s->listing.n == SCAN_NAMES_MAX)
        return err_set(e, ERR_LIMIT, "the folder has more than %d files", SCAN_NAMES_MAX);
    if (seq && !s->full && !bit(s->dirty, seq)) {
        s->seen[(seq - 1) / 64] |= (uint64_t)1 << ((seq - 1) % 64);
    } else {
        names_add(&s->names, name, false)->listed = (uint32_t)s->listing.n + 1;
        uid = 0; /* to be filled in when it is known (scan_list_names) */
    }
    list(s, hash, uid);
    return 0;
}

void scan_list_names(struct scan *s)
{
    for (size_t i = 0; i < s->names.n; i++) {
        const struct found *f = &s->names.items[i];
        if (f->listed)
            s->listing.uids[f->listed - 1] = f->uid;
    }
}

/* Names in the listing of these may not be those in the index. */
static int mark_dirty(struct scan *s, struct err *e)
{
    AUTO_FREE uint32_t *uids = NULL;
    size_t n;
    struct mailbox *mb = s->mb;
    int rc =
        index_changed(&mb->store->index, mb->fid, &mb->head, &mb->runs, mb->head.listing_modseq, &uids, &n);
    if (rc)
        return mailbox_index_err(mb, rc, e);
    for (size_t i = 0; i < n; i++) {
        uint32_t seq = uid_runs_seq(&mb->runs, uids[i]);
        if (seq)
            s->dirty[(seq - 1) / 64] |= (uint64_t)1 << ((seq - 1) % 64);
    }
    return 0;
}

static int look_cur(struct scan *s, struct err *e)
{
    struct mailbox *mb = s->mb;
    struct reader r = {.s = s};
    struct bytes old = {NULL, 0};
    if (!s->full && mb->head.listing_modseq) {
        int rc = index_get_blob(&mb->store->index, NULL, mb->fid, INDEX_LISTING, &old);
        if (rc && rc != MDB_NOTFOUND)
            return mailbox_index_err(mb, rc, e);
        if (mark_dirty(s, e))
            return -1;
    }
    r.n = old.n / (sizeof *r.hashes + sizeof *r.uids);
    r.hashes = (const index_u64 *)old.p;
    r.uids = (const index_u32 *)(r.hashes + r.n);
    s->listing.whole = true;
    return names_read(mb->folder.cur_fd, each_cur, &r, e);
}

static void mark_all_seen(struct scan *s)
{
    memset(s->seen, 0xff, (s->mb->runs.count / 64 + 1) * sizeof *s->seen);
}

int scan_look(struct scan *s, struct err *e)
{
    struct mailbox *mb = s->mb;
    bool watched = maildir_watch_active(&mb->watch);
    s->events_only = !s->full && watched && mb->exact && !mb->watch.lost;
    if (!s->full) {
        s->seen = xcalloc(mb->runs.count / 64 + 1, sizeof *s->seen);
        s->dirty = xcalloc(mb->runs.count / 64 + 1, sizeof *s->dirty);
    }
    if (watched && !s->events_only) {
        maildir_watch_read(&mb->watch, NULL, NULL);
        mb->watch.lost = false;
    }
    set_stamps(s);
    bool cur = changed(s, &s->head.cur_dir, &mb->head.cur_dir) || mb->head.in_new;
    if (look_new(s, e))
        return -1;
    if (s->events_only || !cur)
        mark_all_seen(s);
    else if (look_cur(s, e))
        return -1;
    if (watched) {
        set_stamps(s);
        scan_wait_for_renames(s); /* a rename shows in the stamp before its event is queued */
        scan_touched_collect(s);
    }
    return 0;
}
