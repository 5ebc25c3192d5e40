/*
 * maildir_update.c - changes of a mailbox's list, written into the index in one transaction.
 *
 * Everything that others are told by follows from here: counts, the first unseen message, UIDs as runs, the mod-sequence
 * of each change and the log of changes. The caller holds the folder's lock, and what it writes has been done on disk.
 */
#include "maildir/maildir_internal.h"

#include <stdlib.h>

#define LARGE 2000 /* changes after which LMDB holds more memory than a session should */

struct uid_list {
    uint32_t *uids;
    size_t n;
};

struct update {
    struct mailbox *mb;
    struct index *ix;
    MDB_txn *txn;
    struct index_head head;
    uint64_t before; /* the mod-sequence of before */
    struct uid_list in, out, logged;
    bool find_unseen; /* the first unseen message is seen or gone now */
};

static void list_add(struct uid_list *list, uint32_t uid)
{
    list->uids[list->n++] = uid;
}

static void count(struct update *u, uint32_t uid, const struct index_mail *mail, int by)
{
    bool unseen = !(mail->flags & MAIL_SEEN);
    u->head.count += (uint32_t)by;
    u->head.in_new += mail->in_new ? (uint32_t)by : 0;
    u->head.unseen += unseen ? (uint32_t)by : 0;
    u->head.deleted += mail->flags & MAIL_DELETED ? (uint32_t)by : 0;
    if (unseen && by > 0 && (!u->head.first_unseen || uid <= u->head.first_unseen)) {
        u->head.first_unseen = uid;
        u->find_unseen = false;
    } else if (unseen && by < 0 && uid == u->head.first_unseen) {
        u->find_unseen = true;
    }
}

static int drop(struct update *u, uint32_t uid)
{
    struct index_mail old;
    int rc = index_get_mail_in(u->ix, u->txn, u->mb->fid, uid, &old);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    count(u, uid, &old, -1);
    list_add(&u->out, uid);
    list_add(&u->logged, uid);
    return index_delete_mail(u->ix, u->txn, u->mb->fid, uid);
}

static void take_change(struct index_mail *mail, const struct mail_change *c)
{
    if (c->has_keywords)
        mail->keywords = (mail->keywords & MAIL_LETTERS) | c->keywords;
    if (c->name.p) {
        mail->in_new = c->in_new;
        index_mail_set_name(mail, c->name);
    }
    if (c->has_fields)
        mail->fields = c->fields;
    if (c->has_info) {
        mail->has_info = true;
        mail->size = c->info.size;
        mail->virtual_size = c->info.virtual_size;
        mail->date = c->info.internal_date;
    }
}

static bool same_runs(const struct index_mail *a, const struct index_mail *b)
{
    return a->in_new == b->in_new && a->has_info == b->has_info && bytes_eq(a->name, b->name) &&
           bytes_eq(a->fields, b->fields);
}

static int put(struct update *u, const struct mail_change *c, bool last)
{
    struct index_mail old = {.flags = 0}, mail;
    int rc = last ? MDB_NOTFOUND : index_get_mail_in(u->ix, u->txn, u->mb->fid, c->uid, &old);
    bool is_new = rc == MDB_NOTFOUND;
    if (rc && !is_new)
        return rc;
    mail = old;
    take_change(&mail, c);
    if (is_new && !c->name.p) /* gone meanwhile */
        return 0;
    bool told = is_new || mail.flags != old.flags || mail.keywords != old.keywords;
    if (!told && same_runs(&mail, &old))
        return 0;
    if (is_new)
        list_add(&u->in, c->uid);
    else
        count(u, c->uid, &old, -1);
    count(u, c->uid, &mail, 1);
    list_add(&u->logged, c->uid); /* a name that changed alone is logged too: the listing needs it */
    if (told)
        mail.modseq = u->head.modseq;
    return index_put_mail(u->ix, u->txn, u->mb->fid, c->uid, &mail, last);
}

static int find_first_unseen(struct update *u, const struct uid_runs *runs)
{
    struct index_mail mail;
    uint32_t seq = uid_runs_from(runs, u->head.first_unseen);
    u->head.first_unseen = 0;
    if (!u->head.unseen)
        return 0;
    for (; seq <= runs->count && !u->head.first_unseen; seq++) {
        uint32_t uid = uid_runs_at(runs, seq);
        int rc = index_get_mail_in(u->ix, u->txn, u->mb->fid, uid, &mail);
        if (rc)
            return rc;
        if (!(mail.flags & MAIL_SEEN))
            u->head.first_unseen = uid;
    }
    return 0;
}

static int put_listing(struct update *u, const struct mail_listing *listing)
{
    size_t n = listing->n * sizeof *listing->hashes;
    AUTO_FREE char *blob = xrealloc(NULL, listing->n + 1, sizeof *listing->hashes + sizeof *listing->uids);
    if (n) {
        memcpy(blob, listing->hashes, n);
        memcpy(blob + n, listing->uids, listing->n * sizeof *listing->uids);
    }
    return index_put_blob(u->ix, u->txn, u->mb->fid, INDEX_LISTING, blob,
                          n + listing->n * sizeof *listing->uids);
}

/* For a folder that is new to the index all bases are at hand. */
static int put_all_bases(struct update *u, const struct mail_change *changes, size_t n)
{
    AUTO_FREE struct index_base *items = xcalloc(n + 1, sizeof *items);
    size_t count = 0;
    u->head.bases_next = 1;
    for (size_t i = 0; i < n; i++) {
        if (changes[i].gone) /* it was in the index that is thrown away */
            continue;
        items[count++] =
            (struct index_base){index_base_hash(maildir_name_base(changes[i].name)), changes[i].uid};
        u->head.bases_next = changes[i].uid + 1;
    }
    return index_put_bases(u->ix, u->txn, u->mb->fid, items, count);
}

static int begin(struct update *u, bool reset)
{
    struct mailbox *mb = u->mb;
    uint32_t fid;
    int rc = index_folder_make(u->ix, u->txn, mb->ino, &fid);
    if (rc)
        return rc;
    mb->fid = fid;
    if (!reset)
        return 0;
    uid_runs_done(&mb->runs);
    u->head.count = u->head.unseen = u->head.deleted = u->head.in_new = u->head.first_unseen =
        u->head.bases_next = 0;
    u->head.log_first = u->head.log_next = 0;
    u->head.log_modseq = u->head.listing_modseq = u->head.modseq - 1;
    return index_folder_clear(u->ix, u->txn, fid);
}

static int change_all(struct update *u, const struct mail_change *changes, size_t n, bool reset)
{
    int rc = 0;
    bool last = n && reset && index_is_last(u->ix, u->txn, u->mb->fid, changes[0].uid);
    for (size_t i = 0; i < n && !rc; i++)
        rc = changes[i].gone ? drop(u, changes[i].uid) : put(u, &changes[i], last);
    return rc;
}

static int finish(struct update *u, struct uid_runs *runs, const struct mail_change *changes, size_t n,
                  const struct mail_listing *listing, bool reset)
{
    struct mailbox *mb = u->mb;
    int rc = 0;
    bool moved = u->in.n || u->out.n;
    uid_runs_copy(runs, &mb->runs);
    if (moved) {
        uid_runs_edit(runs, u->out.uids, u->out.n, u->in.uids, u->in.n);
        rc = index_put_runs(u->ix, u->txn, mb->fid, runs);
    }
    if (!rc && u->find_unseen)
        rc = find_first_unseen(u, runs);
    if (!rc && (moved || u->logged.n))
        rc = index_log(u->ix, u->txn, mb->fid, &u->head, u->logged.uids, u->logged.n);
    if (!rc && listing) {
        /* a name that was renamed during this look stands there as it was read: log it as later */
        u->head.listing_modseq = reset || u->head.log_modseq > u->before ? u->head.modseq : u->before;
        rc = put_listing(u, listing);
    }
    if (!rc)
        rc = reset ? put_all_bases(u, changes, n) : index_make_bases(u->ix, u->txn, mb->fid, &u->head, runs);
    return rc ? rc : index_put_head(u->ix, u->txn, mb->fid, &u->head);
}

static int apply(struct update *u, struct uid_runs *runs, const struct mail_change *changes, size_t n,
                 const struct mail_listing *listing, bool reset)
{
    uint64_t before = u->head.modseq;
    u->before = before;
    u->head.modseq = modseq_next(u->mb->folder.fd, &u->head);
    int rc = begin(u, reset);
    if (!rc)
        rc = change_all(u, changes, n, reset);
    if (!u->in.n && !u->out.n && !u->logged.n && !reset)
        u->head.modseq = before;
    if (!rc)
        rc = finish(u, runs, changes, n, listing, reset);
    return rc;
}

int mailbox_advance(struct mailbox *mb, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    struct index_head head;
    MDB_txn *txn;
    if (mailbox_lock(mb, &lock, true, e))
        return -1;
    head = mb->head;
    head.modseq = modseq_next(mb->folder.fd, &head);
    int rc = index_write(&mb->store->index, &txn);
    if (!rc) {
        rc = index_put_head(&mb->store->index, txn, mb->fid, &head);
        if (rc)
            mdb_txn_abort(txn);
        else
            rc = index_commit(&mb->store->index, txn);
    }
    if (rc)
        return mailbox_index_err(mb, rc, e);
    mb->head = head;
    return 0;
}

int mailbox_apply(struct mailbox *mb, const struct mail_change *changes, size_t n,
                  const struct mail_listing *listing, bool reset)
{
    struct update u = {.mb = mb, .ix = &mb->store->index, .head = mb->head};
    struct uid_runs runs = {0};
    int rc = index_write(u.ix, &u.txn);
    if (rc)
        return rc;
    AUTO_FREE uint32_t *memory = xcalloc(3 * n + 1, sizeof *memory);
    u.in.uids = memory;
    u.out.uids = memory + n;
    u.logged.uids = memory + 2 * n;
    rc = apply(&u, &runs, changes, n, listing, reset);
    if (rc)
        mdb_txn_abort(u.txn);
    else
        rc = index_commit(u.ix, u.txn);
    u.ix->swollen |= n > LARGE || (listing && listing->n > 10 * LARGE);
    if (rc) {
        uid_runs_done(&runs);
        return rc;
    }
    uid_runs_done(&mb->runs);
    mb->runs = runs;
    mb->head = u.head;
    return 0;
}
