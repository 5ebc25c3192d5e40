/*
 * maildir_mailbox.c - an open mailbox: its life, its list, when it must be looked at again.
 *
 * The list is the index's; here are only its head and the UIDs as runs, so that an open folder of 100,000 messages costs
 * a session next to nothing. Looking whether something has changed costs five stats, and a read of the index's head.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* ---- the index ---- */

int mailbox_index_err(struct mailbox *mb, int rc, struct err *e)
{
    err_set(e, ERR_TEMP, "the index of folder \"%s\": %s", mb->name, mdb_strerror(rc));
    index_recover(&mb->store->index, rc);
    return -1;
}

static int load(struct mailbox *mb)
{
    struct index *ix = store_index(mb->store);
    struct index_head head;
    if (mb->generation != ix->generation) {
        mb->generation = ix->generation;
        mb->fid = 0;
        mb->exact = false;
        mb->head.validity = 0;
    }
    index_read_end(ix);
    int rc = index_read(ix);
    if (!rc && !mb->fid)
        rc = index_folder_find(ix, mb->ino, &mb->fid);
    if (rc)
        return rc;
    rc = mb->fid ? index_get_head(ix, NULL, mb->fid, &head) : MDB_NOTFOUND;
    if (rc == MDB_NOTFOUND) {
        mb->head.validity = 0;
        mb->head.modseq_mark = 0; /* others may have gone beyond what we remember */
        mb->exact = false;
        uid_runs_done(&mb->runs);
        return 0;
    }
    if (!rc && (head.modseq != mb->head.modseq || mb->head.validity != head.validity))
        rc = index_get_runs(ix, NULL, mb->fid, &mb->runs);
    if (!rc)
        mb->head = head;
    return rc;
}

int mailbox_load(struct mailbox *mb, struct err *e)
{
    int rc = load(mb);
    if (rc) {
        index_recover(&mb->store->index, rc);
        rc = load(mb);
    }
    return rc ? mailbox_index_err(mb, rc, e) : 0;
}

bool mailbox_settled(const struct mailbox *mb, const struct index_head *head)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t limit = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - mb->store->settle_ns;
    return !mb->store->settle_ns || (head->new_dir.mtime < limit && head->cur_dir.mtime < limit);
}

static bool same_dir(int fd, const struct index_stamp *known)
{
    struct stat st;
    if (fstat(fd, &st))
        return false;
    struct index_stamp now = index_stamp(&st);
    return index_stamp_eq(&now, known);
}

static bool same_file(const struct mailbox *mb, const char *name, const struct index_stamp *known)
{
    struct index_stamp now = index_stamp_at(mb->folder.fd, name);
    return index_stamp_eq(&now, known);
}

static bool events_wait(const struct mailbox *mb)
{
    int n = 0;
    return mb->watch.fd >= 0 && !ioctl(mb->watch.fd, FIONREAD, &n) && n > 0;
}

/* Is the index up to date? A writer also wants what lies in new/. */
static bool unchanged(const struct mailbox *mb)
{
    return mb->head.validity && (mb->head.settled || mb->exact) && (mb->read_only || !mb->head.in_new) &&
           !events_wait(mb) && same_dir(mb->folder.new_fd, &mb->head.new_dir) &&
           same_dir(mb->folder.cur_fd, &mb->head.cur_dir) &&
           same_file(mb, "dovecot-uidlist", &mb->head.uidlist) &&
           same_file(mb, "dovecot-keywords", &mb->head.keywords) &&
           same_file(mb, SIDECAR_FILE, &mb->head.sidecar);
}

int mailbox_lock(struct mailbox *mb, struct maildir_lock *lock, bool may_lack_dotlock, struct err *e)
{
    if (maildir_lock_take(lock, mb->folder.fd, MAILDIR_UIDLIST_LOCK, may_lack_dotlock, e))
        return -1;
    /* the index may know of keywords that this session has not read */
    if (!load(mb) && unchanged(mb) && !mailbox_read_keywords(mb, e))
        return 0;
    if (!mailbox_scan(mb, lock, e))
        return 0;
    if (may_lack_dotlock && e->code != ERR_CORRUPT && !mailbox_scan(mb, NULL, e))
        return 0;
    maildir_lock_release(lock);
    return -1;
}

/* Without the lock, known messages are still served. */
int mailbox_refresh(struct mailbox *mb, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    maildir_watch_look(&mb->watch, &mb->store->watches, mb->folder.new_fd, mb->folder.cur_fd);
    if (mailbox_load(mb, e))
        return -1;
    if (unchanged(mb)) {
        mb->exact = mb->exact || (maildir_watch_active(&mb->watch) && !mb->store->shared);
        return mailbox_read_keywords(mb, e);
    }
    if (!mailbox_lock(mb, &lock, false, e))
        return 0;
    bool not_to_be_had = e->code == ERR_SPACE || e->code == ERR_ACCESS || e->code == ERR_QUOTA;
    return not_to_be_had ? mailbox_scan(mb, NULL, e) : -1;
}

/* ---- opening ---- */

static bool has_files(int dir_fd)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (maildir_name_is_message(d->d_name))
            return true;
    return false;
}

/* An unreadable uidlist in a folder that has mail is an operator's matter; in an empty one it is set aside.
 */
static int open_state(struct mailbox *mb, struct err *e)
{
    if (!mailbox_refresh(mb, e))
        return mb->head.validity
                   ? 0
                   : err_set(e, ERR_SPACE,
                             "folder \"%s\" has no UIDs yet, and they cannot be written (disk full "
                             "or not permitted)",
                             mb->name);
    if (e->code != ERR_CORRUPT)
        return -1;
    if (has_files(mb->folder.new_fd) || has_files(mb->folder.cur_fd))
        return err_prefix(
            e, "folder \"%s\" (repair or remove the file by hand; without it all messages get new UIDs)",
            mb->name);
    renameat(mb->folder.fd, "dovecot-uidlist", mb->folder.fd, "dovecot-uidlist.broken");
    return mailbox_refresh(mb, e);
}

static int open_mailbox(struct mailbox **result, struct mail_store *store, const char *name, bool read_only,
                        bool watch, struct err *e)
{
    struct stat st;
    struct mailbox *mb = xcalloc(1, sizeof *mb);
    *mb = (struct mailbox){
        .store = store, .read_only = read_only, .folder = FOLDER_INIT, .watch = MAILDIR_WATCH_INIT};
    sidecar_init(&mb->sidecar);
    mb->name = xstrdup(strcasecmp(name, "INBOX") ? name : "INBOX");
    int r = folder_open(&mb->folder, store, name, e);
    if (!r && fstat(mb->folder.fd, &st))
        r = err_errno(e, errno, "folder \"%s\"", mb->name);
    if (!r) {
        mb->ino = st.st_ino;
        if (watch)
            maildir_watch_open(&mb->watch, &store->watches, mb->folder.new_fd, mb->folder.cur_fd);
        r = open_state(mb, e);
    }
    if (!r && !read_only)
        mailbox_tidy(mb);
    if (r)
        mailbox_close(mb);
    else
        *result = mb;
    return r;
}

int mailbox_open(struct mailbox **result, struct mail_store *store, const char *name, bool read_only,
                 struct err *e)
{
    return open_mailbox(result, store, name, read_only, true, e);
}

int mailbox_peek(struct mailbox **result, struct mail_store *store, const char *name, struct err *e)
{
    return open_mailbox(result, store, name, true, false, e);
}

void mailbox_close(struct mailbox *mb)
{
    if (!mb)
        return;
    mailbox_texts_done(mb);
    maildir_watch_close(&mb->watch, &mb->store->watches);
    uid_runs_done(&mb->runs);
    uid_runs_done(&mb->recent);
    keywords_done(&mb->keywords);
    sidecar_done(&mb->sidecar);
    folder_close(&mb->folder);
    free(mb->name);
    free(mb);
}

void mailbox_rest(struct mailbox *mb)
{
    index_rest(&mb->store->index);
}

void mail_store_give_back(struct mail_store *store)
{
    if (store->indexed)
        index_give_back(&store->index);
}

/* ---- what it holds ---- */

const char *mailbox_name(const struct mailbox *mb)
{
    return mb->name;
}

bool mailbox_read_only(const struct mailbox *mb)
{
    return mb->read_only;
}

uint32_t mailbox_uidvalidity(const struct mailbox *mb)
{
    return mb->head.validity;
}

uint32_t mailbox_uidnext(const struct mailbox *mb)
{
    return mb->head.next;
}

uint64_t mailbox_sequence(const struct mailbox *mb)
{
    return mb->head.modseq;
}

bool mailbox_has_modseqs(const struct mailbox *mb)
{
    return !mb->store->index.in_memory;
}

size_t mailbox_count(const struct mailbox *mb)
{
    return mb->runs.count;
}

const struct uid_runs *mailbox_uids(const struct mailbox *mb)
{
    return &mb->runs;
}

uint32_t mailbox_recent(const struct mailbox *mb)
{
    uint32_t n = 0;
    if (mb->read_only)
        return mb->head.in_new;
    for (uint32_t seq = 1; seq <= mb->recent.count; seq++)
        n += uid_runs_seq(&mb->runs, uid_runs_at(&mb->recent, seq)) != 0;
    return n;
}

uint32_t mailbox_first_unseen(const struct mailbox *mb)
{
    return mb->head.first_unseen;
}

bool mailbox_record(struct mailbox *mb, uint32_t uid, struct index_mail *mail)
{
    struct index *ix = &mb->store->index;
    return mb->fid && mb->generation == ix->generation && !index_read(ix) &&
           !index_get_mail(ix, mb->fid, uid, mail);
}

const struct mail *mailbox_find(struct mailbox *mb, uint32_t uid)
{
    struct index_mail mail;
    if (!mailbox_record(mb, uid, &mail))
        return NULL;
    mb->slot = (struct mail){
        .uid = uid,
        .flags = mail.flags,
        .keywords = mail.keywords,
        .changed = mail.modseq,
        .in_new = mail.in_new,
        .recent = (mb->read_only && mail.in_new) || uid_runs_seq(&mb->recent, uid),
    };
    return &mb->slot;
}

bool mailbox_flags(struct mailbox *mb, uint32_t uid, uint32_t *flags)
{
    struct index *ix = &mb->store->index;
    return mb->fid && mb->generation == ix->generation && !index_read(ix) &&
           index_get_flags(ix, mb->fid, uid, flags);
}

const struct mail *mailbox_at(struct mailbox *mb, size_t index)
{
    return mailbox_find(mb, uid_runs_at(&mb->runs, (uint32_t)index + 1));
}

int mailbox_changed(struct mailbox *mb, uint64_t since, uint32_t **uids, size_t *n, struct err *e)
{
    struct index *ix = &mb->store->index;
    *uids = NULL;
    *n = 0;
    if (since >= mb->head.modseq || !mb->fid)
        return 0;
    int rc = index_read(ix);
    if (!rc)
        rc = index_changed(ix, mb->fid, &mb->head, &mb->runs, since, uids, n);
    return rc ? mailbox_index_err(mb, rc, e) : 0;
}

int mailbox_vanished(struct mailbox *mb, uint64_t since, bool *known, uint32_t **uids, size_t *n,
                     struct err *e)
{
    size_t left = 0;
    *uids = NULL;
    *n = 0;
    *known = mb->fid && since >= mb->head.log_modseq;
    if (!*known)
        return 0;
    if (mailbox_changed(mb, since, uids, n, e))
        return -1;
    for (size_t i = 0; i < *n; i++)
        if (!uid_runs_seq(&mb->runs, (*uids)[i]))
            (*uids)[left++] = (*uids)[i];
    *n = left;
    return 0;
}

int mailbox_folder_fd(const struct mailbox *mb)
{
    return mb->folder.fd;
}

void mailbox_dirs(const struct mailbox *mb, int *new_fd, int *cur_fd)
{
    *new_fd = mb->folder.new_fd;
    *cur_fd = mb->folder.cur_fd;
}

int mailbox_watch_fd(const struct mailbox *mb)
{
    return maildir_watch_fd(&mb->watch, &mb->store->watches);
}
