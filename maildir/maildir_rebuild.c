/*
 * maildir_rebuild.c - `posthouse mailbox rebuild`: what the index knows of a folder is forgotten and read anew.
 *
 *   R1  the uidlist lock taken, so that sessions wait
 *   R2  (renumber) dovecot-uidlist renamed to dovecot-uidlist.broken
 *   R3  the folder's tables emptied, in one transaction: sessions that look now know nothing of it, and wait for R1
 *   R4  the folder read and the tables filled; (uidlist, renumber) dovecot-uidlist written anew
 *
 * A crash anywhere leaves a folder that the next session reads anew. Sessions see the same UIDs with later mod-sequences;
 * after renumbering, another UIDVALIDITY.
 */
#include "maildir/maildir_check.h"
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <stdio.h>

static int forget(struct mailbox *mb, struct err *e)
{
    struct index *ix = store_index(mb->store);
    MDB_txn *txn;
    int rc = index_write(ix, &txn);
    if (!rc) {
        rc = mb->fid ? index_folder_clear(ix, txn, mb->fid) : 0;
        if (rc)
            mdb_txn_abort(txn);
        else
            rc = index_commit(ix, txn);
    }
    return rc ? mailbox_index_err(mb, rc, e) : 0;
}

static bool has_file(void *arg, const struct uidlist_entry *line)
{
    const struct mailbox *mb = arg;
    return uid_runs_seq(&mb->runs, line->uid) != 0;
}

static int write_uidlist(struct mailbox *mb, struct maildir_lock *lock, struct err *e)
{
    struct uidlist ul;
    bool changed;
    uidlist_init(&ul);
    int r = uidlist_read(&ul, mb->folder.fd, &changed, e);
    if (!r) {
        ul.rewrite = true;
        r = uidlist_save(&ul, mb->folder.fd, has_file, mb, e);
    }
    uidlist_done(&ul);
    return r ? r : mailbox_scan(mb, lock, e); /* it is another file now */
}

static int set_uidlist_aside(int folder_fd, struct err *e)
{
    if (renameat(folder_fd, "dovecot-uidlist", folder_fd, "dovecot-uidlist.broken") && errno != ENOENT)
        return err_errno(e, errno, "setting dovecot-uidlist aside");
    return 0;
}

/* The uidlist may be unreadable: the mailbox cannot be opened before it has gone. */
static int renumber(struct mail_store *store, const char *folder, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    if (folder_open(&f, store, folder, e) || maildir_lock_take(&lock, f.fd, MAILDIR_UIDLIST_LOCK, false, e))
        return -1;
    int r = set_uidlist_aside(f.fd, e);
    maildir_lock_release(&lock);
    return r;
}

int mailbox_rebuild(struct mail_store *store, const char *folder, enum mail_rebuild what, size_t *messages,
                    struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    struct mailbox *mb = NULL;
    if ((what == MAIL_REBUILD_RENUMBER && renumber(store, folder, e)) ||
        mailbox_open(&mb, store, folder, true, e))
        return -1;
    int r = mailbox_lock(mb, &lock, false, e);
    if (!r)
        r = forget(mb, e);
    if (!r)
        r = mailbox_scan(mb, &lock, e);
    if (!r && what == MAIL_REBUILD_UIDLIST)
        r = write_uidlist(mb, &lock, e);
    *messages = r ? 0 : mailbox_count(mb);
    maildir_lock_release(&lock);
    mailbox_close(mb);
    return r;
}
