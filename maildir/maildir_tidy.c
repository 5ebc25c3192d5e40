/*
 * maildir_tidy.c - what nobody needs any more is removed, once a day and folder, when a session opens the folder for writing.
 *
 * Files in tmp/ whose ctime is over 36 hours ago: regular files only, at most TIDY_FILES of them, in at most TIDY_NAMES names. What
 * the index knows of folders whose directories are gone (once a day and account, by whoever opens a folder first).
 *
 * When it was done stands in the index: the access times of directories, which other servers go by, are not kept
 * everywhere. Nothing here can fail: what could not be done is done another day.
 */
#include "maildir/maildir_internal.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DAY_S       (24 * 3600)
#define TMP_STALE_S (36 * 3600)
#define TIDY_NAMES  10000
#define TIDY_FILES  1000

/* Has it been done within a day? A stamp of the future (the clock was wrong then) does not count. */
static bool is_tidy(struct index *ix, uint32_t fid, int64_t now)
{
    struct bytes value;
    int64_t done;
    if (index_read(ix) || index_get_blob(ix, NULL, fid, INDEX_TIDIED, &value) || value.n != sizeof done)
        return false;
    memcpy(&done, value.p, sizeof done);
    return done <= now && now - done < DAY_S;
}

/* ---- tmp/ ---- */

static bool is_stale(int dir_fd, const char *name, int64_t now)
{
    struct stat st;
    return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
           now - st.st_ctime > TMP_STALE_S;
}

static void tidy_tmp(const struct mailbox *mb, int64_t now)
{
    AUTO_CLOSE int fd = openat(mb->folder.tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1;
    int seen = 0, removed = 0;
    for (struct dirent *d; seen < TIDY_NAMES && removed < TIDY_FILES && (d = readdir(dir)); seen++)
        if (is_stale(mb->folder.tmp_fd, d->d_name, now))
            removed += !unlinkat(mb->folder.tmp_fd, d->d_name, 0);
}

/* ---- folders that are gone ---- */

struct inodes {
    uint64_t *items;
    size_t n;
};

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void add_inode(struct inodes *all, int dir_fd, const char *name)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, 0) || !S_ISDIR(st.st_mode))
        return;
    all->items = xgrow(all->items, all->n, sizeof *all->items);
    all->items[all->n++] = st.st_ino;
}

/* Every directory below the root counts, whatever its name: it may be a folder tomorrow. */
static bool read_inodes(struct inodes *all, const struct mail_store *store)
{
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (strcmp(d->d_name, ".."))
            add_inode(all, store->fd, d->d_name);
    if (all->n)
        qsort(all->items, all->n, sizeof *all->items, by_value);
    return all->n > 0;
}

static bool is_there(void *arg, uint64_t ino)
{
    const struct inodes *all = arg;
    return bsearch(&ino, all->items, all->n, sizeof ino, by_value) != NULL;
}

/* ---- both ---- */

static void write_stamps(struct mailbox *mb, struct inodes *inodes, int64_t now)
{
    struct index *ix = &mb->store->index;
    MDB_txn *txn;
    int rc = index_write(ix, &txn);
    if (rc)
        return;
    rc = index_put_blob(ix, txn, mb->fid, INDEX_TIDIED, &now, sizeof now);
    if (!rc && inodes->n)
        rc = index_folders_expire(ix, txn, is_there, inodes);
    if (!rc && inodes->n)
        rc = index_put_blob(ix, txn, 0, INDEX_TIDIED, &now, sizeof now);
    if (rc)
        mdb_txn_abort(txn);
    else
        index_commit(ix, txn);
}

void mailbox_tidy(struct mailbox *mb)
{
    struct index *ix = &mb->store->index;
    struct inodes inodes = {.n = 0};
    int64_t now = time(NULL);
    if (!mb->fid || mb->generation != ix->generation || is_tidy(ix, mb->fid, now))
        return;
    tidy_tmp(mb, now);
    if (!is_tidy(ix, 0, now) && !read_inodes(&inodes, mb->store))
        inodes.n = 0;
    write_stamps(mb, &inodes, now);
    free(inodes.items);
}
