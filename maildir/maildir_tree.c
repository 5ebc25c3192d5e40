/*
 * maildir_tree.c - changing the tree of folders: create, delete, rename.
 *
 * Names starting with ".." are no folders to anybody: what is being made is "..posthouse-made.<unique>", what is being
 * removed "..posthouse-deleted.<unique>".
 *
 *   create  S1  directory made and filled as ..posthouse-made   a crash here: rubbish, removed by S7 of a later day
 *           S2  its entries synced
 *           S3  renamed to its name
 *           S4  root synced: acknowledged                       an error before S4 takes everything back
 *   delete  S5  renamed to ..posthouse-deleted
 *           S6  root synced: acknowledged                       an error before S6 gives it its name back
 *           S7  its files removed, and whatever an earlier crash left
 *   rename  S8  the children renamed one by one, the folder itself last
 *                                                               a crash here: whole folders under either name; as the
 *                                                               old one is there still, and the new one is not, the same
 *                                                               rename goes on where it was
 *           S9  root synced: acknowledged                       an error before S9 renames everything back
 *   INBOX   S10 the new folder created (S4)                     an error before S11 removes it again
 *           S11 its messages moved (maildir_copy.c): acknowledged
 */
#include "maildir/maildir_internal.h"
#include "maildir/maildir_special.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#define MADE_PREFIX    "..posthouse-made."
#define DELETED_PREFIX "..posthouse-deleted."
#define MADE_STALE_S   (36 * 3600) /* nobody needs so long for making a folder */

static int sync_root(struct mail_store *store, struct err *e)
{
    return fs_sync_dir(store->fd) ? err_errno(e, errno, "syncing %s", store->root) : 0;
}

/* ---- removing directories ---- */

static DIR *open_names(int dir_fd)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir)
        fd = -1;
    return dir;
}

static void remove_files(int dir_fd)
{
    AUTO_CLOSEDIR DIR *dir = open_names(dir_fd);
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
            unlinkat(dir_fd, d->d_name, 0);
}

/* The files of a folder's directory, and of the subdirectories that folders have: no deeper. */
static void remove_tree(int root, const char *name)
{
    static const char *const subdirs[] = {"cur", "new", "tmp", "courierimapkeywords"};
    AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    for (size_t i = 0; i < ARRAY_LEN(subdirs) && fd >= 0; i++) {
        AUTO_CLOSE int sub = openat(fd, subdirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (sub >= 0)
            remove_files(sub);
        unlinkat(fd, subdirs[i], AT_REMOVEDIR);
    }
    if (fd >= 0)
        remove_files(fd);
    unlinkat(root, name, AT_REMOVEDIR);
}

static bool is_rubbish(int root, const char *name)
{
    struct stat st;
    if (!strncmp(name, DELETED_PREFIX, strlen(DELETED_PREFIX)))
        return true;
    return !strncmp(name, MADE_PREFIX, strlen(MADE_PREFIX)) &&
           !fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) && time(NULL) - st.st_ctime > MADE_STALE_S;
}

static void remove_rubbish(int root)
{
    AUTO_CLOSEDIR DIR *dir = open_names(root);
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (is_rubbish(root, d->d_name))
            remove_tree(root, d->d_name);
}

/* ---- create ---- */

static size_t count_folders(struct mail_store *store)
{
    size_t n = 0;
    AUTO_CLOSEDIR DIR *dir = open_names(store->fd);
    for (struct dirent *d; dir && (d = readdir(dir));)
        n += d->d_name[0] == '.' && d->d_name[1] != '.';
    return n;
}

static int fill(int root, const char *name)
{
    static const char *const subdirs[] = {"cur", "new", "tmp"};
    AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(subdirs); i++)
        if (mkdirat(fd, subdirs[i], 0700))
            return -1;
    AUTO_CLOSE int marker = openat(fd, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return marker < 0 ? -1 : fs_sync_dir(fd);
}

static int make_folder(struct mail_store *store, const char *made, const char *dir)
{
    if (mkdirat(store->fd, made, 0700))
        return -1;
    if (!fill(store->fd, made) && !fs_rename_new(store->fd, made, store->fd, dir)) {
        if (!fs_sync_dir(store->fd))
            return 0;
        int saved = errno;
        fs_rename_new(store->fd, dir, store->fd, made);
        errno = saved;
    }
    int saved = errno;
    remove_tree(store->fd, made);
    errno = saved;
    return -1;
}

int mail_store_create(struct mail_store *store, const char *name, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), made = STRBUF_INIT(4096);
    if (folder_dir_find(&dir, store, name, e))
        return -1;
    if (dir.len == 1 || !faccessat(store->fd, dir.data, F_OK, AT_SYMLINK_NOFOLLOW))
        return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", name);
    if (count_folders(store) >= MAIL_FOLDERS_MAX)
        return err_set(e, ERR_LIMIT, "no more than %d folders", MAIL_FOLDERS_MAX);
    strbuf_adds(&made, MADE_PREFIX);
    maildir_name_new(&made);
    return make_folder(store, made.data, dir.data) ? err_errno(e, errno, "making the folder \"%s\"", name)
                                                   : 0;
}

/* ---- delete ---- */

int mail_store_delete(struct mail_store *store, const char *name, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), trash = STRBUF_INIT(4096);
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    AUTO_QUOTA struct quota quota = QUOTA_INIT;
    if (folder_dir_find(&dir, store, name, e))
        return -1;
    if (dir.len == 1)
        return err_set(e, ERR_INVALID, "INBOX cannot be deleted");
    if (folder_open(&f, store, name, e))
        return -1;
    strbuf_adds(&trash, DELETED_PREFIX);
    maildir_name_new(&trash);
    quota_begin_removal(&quota, store, name);
    if (renameat(store->fd, dir.data, store->fd, trash.data))
        return err_errno(e, errno, "deleting the folder \"%s\"", name);
    if (sync_root(store, e)) {
        fs_rename_new(store->fd, trash.data, store->fd, dir.data);
        return -1;
    }
    quota_forget(store);
    quota_end(&quota);
    mail_store_move_use(store, name, NULL);
    remove_rubbish(store->fd);
    return 0;
}

/* ---- rename ---- */

static bool is_empty(struct mail_store *store, const char *name)
{
    struct mailbox_status status;
    struct err ignored;
    return !mail_store_status(store, name, false, &status, &ignored) && !status.messages;
}

/* The lock is taken and left again so that all messages are known: without it, opening shows only those with UIDs. */
static int move_all(struct mailbox *inbox, const char *to, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    struct mail_copy_result result;
    if (mailbox_lock(inbox, &lock, false, e))
        return -1;
    maildir_lock_release(&lock);
    size_t n = mailbox_count(inbox);
    AUTO_FREE uint32_t *uids = xcalloc(n + 1, sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = mailbox_at(inbox, i)->uid;
    if (mailbox_copy(inbox, uids, n, to, true, &result, e))
        return -1;
    mail_copy_result_done(&result);
    return 0;
}

static int rename_inbox(struct mail_store *store, const char *to, struct err *e)
{
    struct mailbox *inbox;
    struct err ignored;
    if (mail_store_create(store, to, e))
        return -1;
    int r = mailbox_open(&inbox, store, "INBOX", false, e);
    if (!r) {
        r = move_all(inbox, to, e);
        mailbox_close(inbox);
    }
    if (r && is_empty(store, to))
        mail_store_delete(store, to, &ignored);
    return r;
}

static bool below(const char *name, const char *parent)
{
    size_t n = strlen(parent);
    return !strncmp(name, parent, n) && name[n] == '.';
}

static bool exists(const struct mail_folder *folders, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (folders[i].exists && !strcmp(folders[i].name, name))
            return true;
    return false;
}

/* Every new name must be usable and free before the first directory is renamed. */
static int check_targets(struct mail_store *store, const struct mail_folder *folders, size_t n,
                         const char *from, const char *to, struct err *e)
{
    bool found = false;
    if (exists(folders, n, to))
        return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", to);
    for (size_t i = 0; i < n; i++) {
        AUTO_STRBUF struct strbuf target = STRBUF_INIT(8192), dir = STRBUF_INIT(8192);
        found |= !strcmp(folders[i].name, from) && (folders[i].exists || folders[i].has_children);
        if (!below(folders[i].name, from))
            continue;
        strbuf_addf(&target, "%s%s", to, folders[i].name + strlen(from));
        if (folder_dir_find(&dir, store, target.data, e))
            return -1;
        if (folders[i].exists && exists(folders, n, target.data))
            return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", target.data);
    }
    return found ? 0 : err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", from);
}

/* `name` is `from` or below it: move it to the same place at or below `to`. */
static int rename_one(struct mail_store *store, const char *name, const char *from, const char *to,
                      struct err *e)
{
    AUTO_STRBUF struct strbuf target = STRBUF_INIT(8192), a = STRBUF_INIT(4096), b = STRBUF_INIT(4096);
    strbuf_addf(&target, "%s%s", to, name + strlen(from));
    if (folder_dir_find(&a, store, name, e) || folder_dir_find(&b, store, target.data, e))
        return -1;
    if (fs_rename_new(store->fd, a.data, store->fd, b.data) && errno != ENOENT)
        return errno == EEXIST ? err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", target.data)
                               : err_errno(e, errno, "renaming \"%s\"", name);
    return 0;
}

static void rename_back(struct mail_store *store, const struct mail_folder *folders, size_t n,
                        const char *from, const char *to)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_STRBUF struct strbuf moved = STRBUF_INIT(8192);
        struct err ignored;
        strbuf_addf(&moved, "%s%s", to, folders[i].name + strlen(from));
        rename_one(store, moved.data, to, from, &ignored);
    }
    fs_sync_dir(store->fd);
}

/* The sorted list holds the folder in front of its children: from the end to the start. */
static int rename_all(struct mail_store *store, struct mail_folder *folders, size_t n, const char *from,
                      const char *to, struct err *e)
{
    size_t left = n;
    int r = 0;
    while (left && !r)
        r = rename_one(store, folders[--left].name, from, to, e);
    if (!r)
        r = sync_root(store, e);
    if (r)
        rename_back(store, folders + left, n - left, from, to);
    return r;
}

/* Keep `from` and what lies below it; the number of them. */
static size_t keep_subtree(struct mail_folder *folders, size_t n, const char *from)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        bool wanted = folders[i].exists && (!strcmp(folders[i].name, from) || below(folders[i].name, from));
        if (wanted)
            folders[left++] = folders[i];
        else
            free(folders[i].name);
    }
    return left;
}

int mail_store_rename(struct mail_store *store, const char *from, const char *to, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct mail_folder *folders;
    size_t n;
    if (folder_dir_find(&dir, store, to, e))
        return -1;
    if (dir.len == 1)
        return err_set(e, ERR_EXISTS, "INBOX exists already");
    if (!strcasecmp(from, "INBOX"))
        return rename_inbox(store, to, e);
    if (below(to, from) || !strcmp(from, to))
        return err_set(e, ERR_INVALID, "a folder cannot become its own child");
    if (mail_store_folders(store, &folders, &n, e))
        return -1;
    int r = check_targets(store, folders, n, from, to, e);
    n = keep_subtree(folders, n, from);
    if (!r)
        r = rename_all(store, folders, n, from, to, e);
    if (store->quota_ignore)
        quota_forget(store); /* a folder may count under one name and not under the other */
    mail_folders_free(folders, n);
    if (!r)
        mail_store_move_use(store, from, to);
    return r;
}
