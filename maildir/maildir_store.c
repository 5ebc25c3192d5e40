/*
 * maildir_store.c - opening an account's Maildir and the folders in it.
 *
 * Everything below the root is reached from the root's descriptor. The process runs under the user's uid: a
 * symbolic link in the user's directories can do no harm to anybody else.
 */
#include "maildir/maildir_internal.h"

#include "base/confine.h"
#include "maildir/maildir_special.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <strings.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#define SETTLE_LOCAL_NS  ((int64_t)20 * 1000000)
#define SETTLE_SHARED_NS ((int64_t)2 * 1000000000)

static const char *const subdirs[] = {"cur", "new", "tmp"};

static int make_subdirs(int fd, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(subdirs); i++)
        if (mkdirat(fd, subdirs[i], 0700) && errno != EEXIST)
            return err_errno(e, errno, "making %s/", subdirs[i]);
    return fs_sync_dir(fd) ? err_errno(e, errno, "syncing the folder") : 0;
}

static int open_root(struct mail_store *store, bool create, bool *made, struct err *e)
{
    store->fd = open(store->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0 && errno == ENOENT && create) {
        if (fs_mkdirs(AT_FDCWD, store->root, 0700))
            return err_errno(e, errno, "cannot make the Maildir %s", store->root);
        *made = true;
        store->fd = open(store->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (store->fd < 0)
        return err_errno(e, errno, "cannot open the Maildir %s", store->root);
    if (create && faccessat(store->fd, "cur", F_OK, 0) && make_subdirs(store->fd, e))
        return err_prefix(e, "%s", store->root);
    return 0;
}

/* From Linux 6.13 on some file systems give a directory that somebody has looked at another mtime with each change (not
 * tmpfs: an unlink there takes the coarse time of the file). Elsewhere two changes within a tick of the clock look alike, on
 * network file systems within a second and with another's clock. */
static void look_at_file_system(struct mail_store *store)
{
    static const struct {
        long magic;
        bool exact;
    } local[] = {
        {EXT4_SUPER_MAGIC, true}, {XFS_SUPER_MAGIC, true}, {BTRFS_SUPER_MAGIC, true}, {TMPFS_MAGIC, false}};
    struct statfs fs;
    static struct utsname kernel;
    unsigned major = 0, minor = 0;
    bool exact = false;
    store->shared = true;
    if (*kernel.release || !uname(&kernel))
        sscanf(kernel.release, "%u.%u", &major, &minor);
    bool known = !fstatfs(store->fd, &fs);
    for (size_t i = 0; known && i < ARRAY_LEN(local); i++) {
        if ((long)fs.f_type != local[i].magic)
            continue;
        store->shared = false;
        exact = local[i].exact && major * 100 + minor >= 613;
    }
    store->settle_ns = store->shared ? SETTLE_SHARED_NS : exact ? 0 : SETTLE_LOCAL_NS;
}

/* A Maildir that somebody else has made is left as it is. One that fails is not missed: clients make what they lack. */
static void make_new_folders(struct mail_store *store, struct bytes list)
{
    while (list.p) {
        struct bytes use = bytes_split(&list, '/'), name = bytes_split(&use, '=');
        AUTO_FREE char *folder = bytes_dup(name), *uses = use.p ? bytes_dup(use) : NULL;
        struct err e;
        if (!folder || !*folder || mail_store_create(store, folder, &e))
            continue;
        if (!mail_store_subscribe(store, folder, true, &e) && uses)
            (void)mail_store_set_use(store, folder, uses, &e);
    }
}

int mail_store_confine(const char *root, struct err *e)
{
    if (access(root, F_OK) && errno == ENOENT && fs_mkdirs(AT_FDCWD, root, 0700))
        return err_errno(e, errno, "cannot make the Maildir %s", root);
    return confine(root, 0, e);
}

int mail_store_open(struct mail_store **result, const struct mail_store_options *options, struct err *e)
{
    bool made = false;
    struct mail_store *store = xcalloc(1, sizeof *store);
    store->root = xstrdup(options->root);
    store->quota_bytes = options->quota_bytes;
    store->quota_messages = options->quota_messages;
    store->new_index = options->new_index;
    store->look_only = options->look_only;
    store->quota_ignore = options->quota_ignore ? xstrdup(options->quota_ignore) : NULL;
    store->watches.watcher = options->watcher;
    store->fd = -1;
    if (open_root(store, options->create, &made, e)) {
        mail_store_close(store);
        return -1;
    }
    look_at_file_system(store);
    if (made && options->new_folders)
        make_new_folders(store, bytes_of(options->new_folders));
    *result = store;
    return 0;
}

struct index *store_index(struct mail_store *store)
{
    if (!store->indexed)
        index_open(&store->index, store->root, store->new_index);
    store->indexed = true;
    return &store->index;
}

void mail_store_on_progress(struct mail_store *store, mail_store_progress *progress, void *arg)
{
    store->progress = progress;
    store->progress_arg = arg;
}

void store_step(struct mail_store *store, struct maildir_lock *lock, size_t done, size_t total)
{
    maildir_lock_refresh(lock);
    if (store->progress)
        store->progress(store->progress_arg, done, total);
}

void mail_store_close(struct mail_store *store)
{
    if (!store)
        return;
    if (store->indexed)
        index_close(&store->index);
    maildir_watches_close(&store->watches);
    cleanup_close(&store->fd);
    free(store->root);
    free(store->quota_ignore);
    free(store);
}

/* ---- folders ---- */

void folder_close(struct folder *f)
{
    int *fds[] = {&f->fd, &f->new_fd, &f->cur_fd, &f->tmp_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        cleanup_close(fds[i]);
        *fds[i] = -1;
    }
}

static int open_dir(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int folder_open(struct folder *f, struct mail_store *store, const char *name, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    *f = (struct folder)FOLDER_INIT;
    if (folder_dir_find(&dir, store, name, e))
        return -1;
    f->fd = open_dir(store->fd, dir.data);
    if (f->fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", name)
                   : err_errno(e, errno, "folder \"%s\"", name);
    f->cur_fd = open_dir(f->fd, "cur");
    if (f->cur_fd < 0 && errno == ENOENT && dir.len > 1) { /* a dot directory of something else */
        folder_close(f);
        return err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", name);
    }
    if ((f->new_fd = open_dir(f->fd, "new")) < 0 || (f->tmp_fd = open_dir(f->fd, "tmp")) < 0 ||
        f->cur_fd < 0) {
        struct err ignored;
        make_subdirs(f->fd, &ignored);
        f->cur_fd = f->cur_fd < 0 ? open_dir(f->fd, "cur") : f->cur_fd;
        f->new_fd = f->new_fd < 0 ? open_dir(f->fd, "new") : f->new_fd;
        f->tmp_fd = f->tmp_fd < 0 ? open_dir(f->fd, "tmp") : f->tmp_fd;
    }
    if (f->cur_fd >= 0 && f->new_fd >= 0 && f->tmp_fd >= 0)
        return 0;
    err_errno(e, errno, "folder \"%s\": cur/, new/ or tmp/", name);
    folder_close(f);
    return -1;
}
