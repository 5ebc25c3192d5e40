/*
 * maildir_deliver.c - delivery into new/: write all, sync all, rename all, sync the directory once.
 *
 *   S1  tmp/ files written and synced       write_one     a crash here: rubbish in tmp/
 *   S2  renamed into new/ one by one        name_one      a crash here: some whole messages, none acknowledged; the
 *                                                         queue tries again
 *   S3  new/ synced: acknowledged           mail_deliver
 *
 * An error before S3 removes what was renamed, so that the next attempt does not double it. A sync that failed is not
 * tried again: what the kernel could not write it may have forgotten.
 *
 * No lock is taken and no UID is given: the next session does that. The name carries the delivery's `unique` word, so
 * that the second delivery of the same message after a crash finds the first one as long as it is in new/.
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

/* Messages of this batch that are written but not yet in maildirsize. */
struct pending {
    int64_t octets, messages;
};

static int write_one(struct mail_store *store, struct folder *f, struct writer *w,
                     const struct mail_delivery *d, struct pending *before, struct err *e)
{
    int64_t size = d->size + (int64_t)d->head.n;
    *w = (struct writer){.fd = -1};
    if (!is_unique_word(d->unique))
        return err_set(e, ERR_INTERNAL, "malformed delivery name");
    if (quota_check(store, before->octets + size, before->messages + 1, e) || writer_open(w, f->tmp_fd, e))
        return -1;
    if (copy_in(w, d, e) || writer_close(w, 0, e))
        return -1;
    before->octets += size;
    before->messages++;
    return 0;
}

/* Has this delivery been done before? Its name would be the same but for the time in front. */
static bool done_before(struct folder *f, const char *unique)
{
    char part[64];
    snprintf(part, sizeof part, ".Q%s.", unique);
    AUTO_CLOSE int fd = openat(f->new_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (strstr(d->d_name, part))
            return true;
    return false;
}

/* A message on its way. */
struct parcel {
    struct writer writer;
    char *name; /* in new/, once it is there */
};

static int name_one(struct folder *f, struct parcel *parcel, const struct mail_delivery *d, struct err *e)
{
    struct writer *w = &parcel->writer;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(MAILDIR_NAME_MAX);
    struct timespec now;
    if (d->again && done_before(f, d->unique))
        return 0;
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
    return 0;
}

static void take_back(struct folder *f, struct parcel *parcels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (parcels[i].name)
            unlinkat(f->new_fd, parcels[i].name, 0);
    fs_sync_dir(f->new_fd);
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
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    AUTO_FREE struct parcel *parcels = xcalloc(n + 1, sizeof *parcels);
    struct pending before = {0};
    struct err e;
    if (folder_open(&f, store, folder, &e)) {
        fail_all(deliveries, n, &e);
        return n;
    }
    for (size_t i = 0; i < n; i++)
        deliveries[i].result =
            write_one(store, &f, &parcels[i].writer, &deliveries[i], &before, &deliveries[i].err);
    for (size_t i = 0; i < n; i++)
        if (!deliveries[i].result)
            deliveries[i].result = name_one(&f, &parcels[i], &deliveries[i], &deliveries[i].err);
    if (fs_sync_dir(f.new_fd)) {
        err_errno(&e, errno, "syncing new/");
        take_back(&f, parcels, n);
        fail_all(deliveries, n, &e);
    }
    for (size_t i = 0; i < n; i++) {
        if (!deliveries[i].result && parcels[i].name) /* else it was there before, and is counted */
            quota_add(store, (int64_t)parcels[i].writer.size, 1);
        parcel_done(&parcels[i]);
    }
    return count_failed(deliveries, n);
}
