/*
 * maildir_flags.c - changing flags and removing messages: renames and unlinks in cur/, under the uidlist
 * lock.
 *
 *   S1 lock taken (without the dotlock where there is no room for it: deleting must work), names known
 *                                     a crash here: nothing happened
 *   S2 new keywords and those above the letters, durable (maildir_keyword_bits.c)
 *   S3 some files renamed or removed  a crash here: some whole messages changed, none acknowledged
 *   S4 cur/ synced                    acknowledged
 *   S5 the index told                 a crash or failure here: the next look finds it in the directory
 * A file that was renamed meanwhile by a writer without lock is looked up by its base and tried again.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What was done on disk, on its way into the index. */
struct done {
    struct mail_change *changes;
    size_t n;
};

static void done_free(struct done *d)
{
    for (size_t i = 0; i < d->n; i++)
        free((char *)d->changes[i].name.p);
    free(d->changes);
}

static void tell_index(struct mailbox *mb, struct maildir_lock *lock, const struct done *d, size_t planned)
{
    struct err ignored;
    mb->head.keywords = index_stamp_at(mb->folder.fd, "dovecot-keywords");
    mb->head.sidecar = index_stamp_at(mb->folder.fd, SIDECAR_FILE);
    int rc = d->n ? mailbox_apply(mb, d->changes, d->n, NULL, false) : 0;
    if (rc)
        mailbox_index_err(mb, rc, &ignored);
    else
        mailbox_settle(mb, lock, planned);
}

/* ---- flags ---- */

struct renaming {
    struct mailbox *mb;
    const struct mail_flag_change *change;
    uint64_t bits; /* keywords */
    bool upper;    /* keywords above the letters change, too */
    char *result;  /* the new name; NULL: it has these flags already */
    bool too_long;
    bool conditional; /* only those that nobody has changed: */
    uint32_t flags, letters;
    bool modified; /* somebody did, without a lock */
};

static uint64_t combine(enum mail_store_how how, uint64_t old, uint64_t bits)
{
    return how == MAIL_FLAGS_SET ? bits : how == MAIL_FLAGS_ADD ? old | bits : old & ~bits;
}

static int rename_file(void *arg, int dir_fd, const char *name)
{
    struct renaming *r = arg;
    uint32_t old_flags, old_letters;
    AUTO_STRBUF struct strbuf to = STRBUF_INIT(MAILDIR_NAME_MAX);
    maildir_name_flags(bytes_of(name), &old_flags, &old_letters);
    r->modified = r->conditional && (old_flags != r->flags || old_letters != r->letters);
    if (r->modified)
        return 0;
    uint32_t flags = (uint32_t)combine(r->change->how, old_flags, r->change->flags);
    uint32_t letters = (uint32_t)combine(r->change->how, old_letters, r->bits) & MAIL_LETTERS;
    if (flags == old_flags && letters == old_letters)
        return 0;
    r->too_long = !maildir_name_with_flags(&to, bytes_of(name), flags, letters);
    if (r->too_long) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (maildir_rename(dir_fd, name, r->mb->folder.cur_fd, to.data))
        return -1;
    r->result = strbuf_detach(&to);
    return 0;
}

/* Keywords above the letters, of all messages before the first is renamed. */
static int change_upper(struct renaming *r, const uint32_t *uids, size_t n, struct err *e)
{
    struct index_mail mail;
    r->upper = mailbox_has_upper(r->mb) && (r->bits & SIDECAR_MASK || (r->change->how == MAIL_FLAGS_SET));
    for (size_t i = 0; i < n && r->upper; i++) {
        if (!mailbox_record(r->mb, uids[i], &mail))
            continue;
        uint64_t now = combine(r->change->how, mail.keywords, r->bits) & SIDECAR_MASK;
        if (now != (mail.keywords & SIDECAR_MASK) && mailbox_set_upper(r->mb, mail.base, now, e))
            return -1;
    }
    return r->upper ? mailbox_save_upper(r->mb, e) : 0;
}

/* A program without lock was faster: the keywords above the letters that were meant for it go back to what they were. */
static int keep_upper(struct renaming *r, uint32_t uid, struct err *e)
{
    struct index_mail mail;
    if (!r->upper || !mailbox_record(r->mb, uid, &mail))
        return 0;
    if (mailbox_set_upper(r->mb, mail.base, mail.keywords & SIDECAR_MASK, e))
        return -1;
    return mailbox_save_upper(r->mb, e);
}

static int change_one(struct renaming *r, uint32_t uid, struct done *d, struct err *e)
{
    struct index_mail mail;
    uint64_t upper = 0;
    r->modified = false;
    if (mailbox_record(r->mb, uid, &mail)) {
        upper = r->upper ? combine(r->change->how, mail.keywords, r->bits) & SIDECAR_MASK : 0;
        r->flags = mail.flags;
        r->letters = (uint32_t)mail.keywords & MAIL_LETTERS;
    }
    if (mailbox_with_file(r->mb, uid, rename_file, r, e)) {
        if (r->too_long)
            return err_set(e, ERR_LIMIT, "message %u: the file name would be too long", uid);
        return e->code == ERR_NOTFOUND ? 0 : err_prefix(e, "flags cannot be changed");
    }
    if (r->modified)
        return keep_upper(r, uid, e);
    if (r->result || r->upper)
        d->changes[d->n++] = (struct mail_change){
            .uid = uid,
            .name = r->result ? bytes_of(TAKE_PTR(r->result)) : (struct bytes){NULL, 0},
            .has_keywords = r->upper,
            .keywords = upper,
        };
    return 0;
}

/* UIDs that a condition keeps back. */
struct kept_back {
    uint32_t *uids;
    size_t n;
};

/* One whose name has no room for a flag does not keep back the others. */
static int change_all(struct renaming *r, const uint32_t *uids, size_t n, struct maildir_lock *lock,
                      struct done *d, struct kept_back *modified, struct err *e)
{
    struct err why = {.code = ERR_LIMIT};
    int result = 0;
    for (size_t i = 0; i < n && (!result || why.code == ERR_LIMIT); i++) {
        struct err now;
        store_step(r->mb->store, lock, i, n);
        r->too_long = false;
        if (change_one(r, uids[i], d, &now)) {
            why = now;
            result = -1;
        }
        if (r->modified)
            modified->uids[modified->n++] = uids[i];
    }
    if (result)
        *e = why;
    return result;
}

/* Under the lock: the changes of those that are there and may be changed. */
static int store_locked(struct renaming *r, const uint32_t *uids, size_t n, struct maildir_lock *lock,
                        struct kept_back *modified, struct err *e)
{
    struct mailbox *mb = r->mb;
    struct done d = {.n = 0};
    if (mailbox_keyword_bits(mb, r->change, &r->bits, e) || change_upper(r, uids, n, e))
        return -1;
    d.changes = xcalloc(n + 1, sizeof *d.changes);
    mailbox_unwatch(mb, n);
    int result = change_all(r, uids, n, lock, &d, modified, e);
    if (d.n && fs_sync_dir(mb->folder.cur_fd) && !result)
        result = err_errno(e, errno, "syncing the folder");
    tell_index(mb, lock, &d, n);
    done_free(&d);
    return result;
}

int mailbox_store(struct mailbox *mb, const uint32_t *uids, size_t n, const struct mail_flag_change *change,
                  struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    struct renaming r = {.mb = mb, .change = change};
    if (mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    return mailbox_lock(mb, &lock, true, e) ? -1 : store_locked(&r, uids, n, &lock, NULL, e);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Those whose mod-sequence lets them pass; the others go to `modified`. */
static size_t pick_unchanged(struct mailbox *mb, const uint32_t *uids, size_t n, uint64_t since,
                             uint32_t *passed, struct kept_back *modified)
{
    size_t npassed = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(mb, uids[i]);
        if (mail && mail->changed > since)
            modified->uids[modified->n++] = uids[i];
        else if (mail)
            passed[npassed++] = uids[i];
    }
    return npassed;
}

int mailbox_store_unchanged(struct mailbox *mb, const uint32_t *uids, size_t n,
                            const struct mail_flag_change *change, uint64_t since, uint32_t *modified,
                            size_t *nmodified, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_FREE uint32_t *passed = xcalloc(n + 1, sizeof *passed);
    struct renaming r = {.mb = mb, .change = change, .conditional = true};
    struct kept_back back = {modified, 0};
    *nmodified = 0;
    if (mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_lock(mb, &lock, true, e))
        return -1;
    size_t npassed = pick_unchanged(mb, uids, n, since, passed, &back);
    int result = npassed ? store_locked(&r, passed, npassed, &lock, &back, e) : 0;
    if (back.n)
        qsort(modified, back.n, sizeof *modified, by_value);
    *nmodified = back.n;
    return result;
}

/* ---- removal ---- */

struct removing {
    struct mailbox *mb;
    int64_t octets;
    bool was_new;
};

static int remove_file(void *arg, int dir_fd, const char *name)
{
    struct removing *r = arg;
    struct stat st;
    uint64_t size = 0;
    if (r->mb->store->quota_bytes && !maildir_name_size(bytes_of(name), 'S', &size) &&
        !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
        size = (uint64_t)st.st_size;
    if (unlinkat(dir_fd, name, 0))
        return -1;
    r->octets += (int64_t)size;
    r->was_new |= dir_fd == r->mb->folder.new_fd;
    return 0;
}

static int remove_one(struct removing *r, uint32_t uid, bool force, struct done *d, struct err *e)
{
    const struct mail *mail = mailbox_find(r->mb, uid);
    if (!mail || (!force && !(mail->flags & MAIL_DELETED)))
        return 0;
    if (mailbox_with_file(r->mb, uid, remove_file, r, e))
        return e->code == ERR_NOTFOUND ? 0 : err_prefix(e, "cannot be removed");
    d->changes[d->n++] = (struct mail_change){.uid = uid, .gone = true};
    return 0;
}

int mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool force, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_QUOTA struct quota quota = QUOTA_INIT;
    struct removing r = {.mb = mb};
    struct done d = {.n = 0};
    int result = 0;
    if (mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_lock(mb, &lock, true, e))
        return -1;
    d.changes = xcalloc(n + 1, sizeof *d.changes);
    mailbox_unwatch(mb, n);
    quota_begin_removal(&quota, mb->store, mb->name);
    for (size_t i = 0; i < n && !result; i++) {
        store_step(mb->store, &lock, i, n);
        result = remove_one(&r, uids[i], force, &d, e);
    }
    quota.octets = -r.octets;
    quota.messages = -(int64_t)d.n;
    quota_end(&quota);
    if (d.n && (fs_sync_dir(mb->folder.cur_fd) || (r.was_new && fs_sync_dir(mb->folder.new_fd))) && !result)
        result = err_errno(e, errno, "syncing the folder");
    tell_index(mb, &lock, &d, n);
    done_free(&d);
    return result;
}
