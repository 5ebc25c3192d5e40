/*
 * maildir_deliver.c - delivery into new/: write all, sync all, rename all, sync the directory once.
 *
 *   S1  tmp/ files written, synced together write_one,    a crash here: rubbish in tmp/
 *                                           sync_all
 *   S2  renamed into new/ one by one        name_one      a crash here: some whole messages, none acknowledged; the
 *                                                         queue tries again
 *   S3  new/ synced: acknowledged           mail_deliver
 *
 * An error before S3 removes what was renamed, so that the next attempt does not double it. A sync that failed is not
 * tried again: what the kernel could not write it may have forgotten.
 *
 * No lock is taken and no UID is given: the next session does that. The name carries the delivery's `unique` word, so
 * that the second delivery of the same message after a crash finds the first one, in new/ or in cur/, where a session
 * may have moved it. Only a delivery in doubt (again) reads the directories.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define BLOCK 65536

static int copy_in(struct writer *w, const struct mail_delivery *d, struct err *e)
{
    AUTO_FREE char *block = xrealloc(NULL, BLOCK, 1);
    if (writer_write(w, d->head.p, d->head.n, e))
        return -1;
    for (off_t at = 0; at < d->size;) {
        size_t want = d->size - at < BLOCK ? (size_t)(d->size - at) : BLOCK;
        ssize_t n = fs_pread_all(d->fd, block, want, d->offset + at);
        if (n < 0)
            return err_errno(e, errno, "reading the message");
        if (n == 0)
            return err_set(e, ERR_TEMP, "the message ended before its announced size");
        if (writer_write(w, block, (size_t)n, e))
            return -1;
        at += n;
    }
    return 0;
}

static bool is_unique_word(const char *unique)
{
    size_t n = strspn(unique, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return n && n <= 40 && !unique[n];
}

/* Has this delivery been done before? Its name would be the same but for the time in front. */
static bool is_in(int at, const char *unique)
{
    char part[64];
    snprintf(part, sizeof part, ".Q%s.", unique);
    AUTO_CLOSE int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (strstr(d->d_name, part))
            return true;
    return false;
}

/* new/ once more at the end: a session may move it while we look. */
static bool done_before(struct folder *f, const char *unique)
{
    return is_in(f->new_fd, unique) || is_in(f->cur_fd, unique) || is_in(f->new_fd, unique);
}

/* A message on its way. */
struct parcel {
    struct writer writer;
    bool done_before;
    char *name; /* in new/, once it is there */
};

/* Where the batch is going. */
struct target {
    struct mail_store *store;
    const char *name;
    struct folder folder;
    int64_t octets, messages; /* written, not yet named */
};

static int write_one(struct target *t, struct parcel *parcel, const struct mail_delivery *d, struct err *e)
{
    struct writer *w = &parcel->writer;
    int64_t size = d->size + (int64_t)d->head.n;
    *w = (struct writer){.fd = -1};
    if (!is_unique_word(d->unique))
        return err_set(e, ERR_INTERNAL, "malformed delivery name");
    parcel->done_before = d->again && done_before(&t->folder, d->unique);
    if (parcel->done_before)
        return 0;
    if (quota_check(t->store, t->name, t->octets + size, t->messages + 1, e) ||
        writer_open(w, t->folder.tmp_fd, e) || copy_in(w, d, e) || writer_finish(w, 0, e))
        return -1;
    t->octets += size;
    t->messages++;
    return 0;
}

/* All that were written, side by side: their syncs share what the disk does. When one fails, nobody knows what the
 * others are worth. */
static void sync_all(struct parcel *parcels, struct mail_delivery *d, size_t n)
{
    AUTO_FREE struct writer **writers = xcalloc(n + 1, sizeof(struct writer *));
    struct err e;
    size_t open = 0;
    for (size_t i = 0; i < n; i++)
        if (!d[i].result && !parcels[i].done_before)
            writers[open++] = &parcels[i].writer;
    if (!open || !writer_sync(writers, open, &e))
        return;
    for (size_t i = 0; i < n; i++)
        if (!d[i].result && !parcels[i].done_before) {
            d[i].result = -1;
            d[i].err = e;
        }
}

static int name_one(struct target *t, struct parcel *parcel, const struct mail_delivery *d, struct err *e)
{
    struct folder *f = &t->folder;
    struct writer *w = &parcel->writer;
    AUTO_QUOTA struct quota quota = QUOTA_INIT;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(MAILDIR_NAME_MAX);
    struct timespec now;
    if (parcel->done_before)
        return 0;
    if (quota_begin(&quota, t->store, t->name, (int64_t)w->size, 1, false, e))
        return -1;
    clock_gettime(CLOCK_REALTIME, &now);
    strbuf_addf(&name, "%lld.M%06ldP%d.Q%s.", (long long)now.tv_sec, now.tv_nsec / 1000, (int)getpid(),
                d->unique);
    maildir_name_host(&name);
    writer_add_sizes(&name, w);
    if (name.overflow)
        return err_set(e, ERR_LIMIT, "the file name would be too long");
    if (fs_rename_new(f->tmp_fd, w->tmp_name, f->new_fd, name.data))
        return err_errno(e, errno, "moving the message into new/");
    free(TAKE_PTR(w->tmp_name));
    parcel->name = strbuf_detach(&name);
    quota.octets = quota.reserved_octets;
    quota.messages = quota.reserved_messages;
    return 0;
}

static void take_back(struct target *t, struct parcel *parcels, size_t n)
{
    AUTO_QUOTA struct quota quota = QUOTA_INIT;
    quota_begin_removal(&quota, t->store, t->name);
    for (size_t i = 0; i < n; i++)
        if (parcels[i].name && !unlinkat(t->folder.new_fd, parcels[i].name, 0)) {
            quota.octets -= (int64_t)parcels[i].writer.size;
            quota.messages--;
        }
    fs_sync_dir(t->folder.new_fd);
}

static void parcel_done(struct parcel *parcel)
{
    writer_abort(&parcel->writer);
    free(parcel->name);
}

static void fail_all(struct mail_delivery *d, size_t n, const struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        d[i].result = -1;
        d[i].err = *e;
    }
}

static size_t count_failed(const struct mail_delivery *d, size_t n)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++)
        failed += d[i].result != 0;
    return failed;
}

size_t mail_deliver(struct mail_store *store, const char *folder, struct mail_delivery *deliveries, size_t n)
{
    struct target t = {.store = store, .name = folder};
    AUTO_FREE struct parcel *parcels = xcalloc(n + 1, sizeof *parcels);
    struct err e;
    if (folder_open(&t.folder, store, folder, &e)) {
        fail_all(deliveries, n, &e);
        return n;
    }
    for (size_t i = 0; i < n; i++)
        deliveries[i].result = write_one(&t, &parcels[i], &deliveries[i], &deliveries[i].err);
    sync_all(parcels, deliveries, n);
    for (size_t i = 0; i < n; i++)
        if (!deliveries[i].result)
            deliveries[i].result = name_one(&t, &parcels[i], &deliveries[i], &deliveries[i].err);
    if (fs_sync_dir(t.folder.new_fd)) {
        err_errno(&e, errno, "syncing new/");
        take_back(&t, parcels, n);
        fail_all(deliveries, n, &e);
    }
    for (size_t i = 0; i < n; i++)
        parcel_done(&parcels[i]);
    folder_close(&t.folder);
    return count_failed(deliveries, n);
}
