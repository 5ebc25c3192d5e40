/*
 * maildir_folder.c - the tree of folders: list, create, delete, rename.
 *
 * Maildir++: ".A.B" directories below the root, each with cur/ new/ tmp/ and the empty marker `maildirfolder`.
 * Parents need not exist.
 *
 *   delete  S1  the directory renamed to "..posthouse-deleted.<unique>" (names starting with ".." are no folders to
 *               anybody)
 *           S2  root synced: acknowledged
 *           S3  its files removed; a crash in between leaves a directory that nobody lists
 *   rename  S1  each directory of the subtree renamed, the folder itself first; a crash here leaves some children
 *               under the old name: whole folders all of them
 *           S2  root synced: acknowledged
 */
#include "maildir/maildir_internal.h"
#include "maildir/maildir_subscriptions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#define DELETED_PREFIX "..posthouse-deleted."

/* ---- listing ---- */

struct list {
    struct mail_folder *items;
    size_t n;
};

static struct mail_folder *list_add(struct list *list, const char *name)
{
    list->items = xrealloc(list->items, list->n + 1, sizeof *list->items);
    struct mail_folder *f = &list->items[list->n++];
    *f = (struct mail_folder){.name = xstrdup(name)};
    return f;
}

static bool has_message(int folder_fd, const char *sub)
{
    AUTO_CLOSE int fd = openat(folder_fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (maildir_name_is_message(d->d_name))
            return true;
    return false;
}

static void add_folder(struct list *list, int root, const char *dir, const char *name)
{
    AUTO_CLOSE int fd = openat(root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || faccessat(fd, "cur", F_OK, 0))
        return;
    struct mail_folder *f = list_add(list, name);
    f->exists = true;
    f->has_new = has_message(fd, "new");
}

static int read_root(struct list *list, struct mail_store *store, struct err *e)
{
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return err_errno(e, errno, "reading %s", store->root);
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));) {
        AUTO_STRBUF struct strbuf name = STRBUF_INIT(4096);
        if (d->d_type != DT_REG && folder_name_of_dir(&name, store, d->d_name))
            add_folder(list, store->fd, d->d_name, name.data);
    }
    struct mail_folder *inbox = list_add(list, "INBOX");
    inbox->exists = true;
    inbox->has_new = has_message(store->fd, "new");
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct mail_folder *x = a, *y = b;
    bool xi = !strcmp(x->name, "INBOX"), yi = !strcmp(y->name, "INBOX");
    return xi != yi ? yi - xi : strcmp(x->name, y->name);
}

static struct mail_folder *list_find(struct list *list, size_t n, const char *name)
{
    struct mail_folder key = {.name = (char *)name};
    return bsearch(&key, list->items, n, sizeof *list->items, by_name);
}

static void sort_unique(struct list *list)
{
    size_t left = 0;
    qsort(list->items, list->n, sizeof *list->items, by_name);
    for (size_t i = 0; i < list->n; i++)
        if (left && !strcmp(list->items[left - 1].name, list->items[i].name))
            free(list->items[i].name);
        else
            list->items[left++] = list->items[i];
    list->n = left;
}

/* A line for each missing parent. list is sorted before and after. */
static void add_parents(struct list *list)
{
    size_t known = list->n;
    for (size_t i = 0; i < known; i++) {
        AUTO_FREE char *name = xstrdup(list->items[i].name);
        for (char *dot; (dot = strrchr(name, '.'));) {
            *dot = '\0';
            if (!list_find(list, known, name))
                list_add(list, name);
        }
    }
    sort_unique(list);
}

static void mark_parents(struct list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        AUTO_FREE char *name = xstrdup(list->items[i].name);
        char *dot = strrchr(name, '.');
        if (!dot)
            continue;
        *dot = '\0';
        struct mail_folder *parent = list_find(list, list->n, name);
        if (parent)
            parent->has_children = true;
    }
}

static int mark_subscribed(struct list *list, struct mail_store *store, struct err *e)
{
    struct subscriptions s;
    if (subscriptions_take(&s, store->fd, e))
        return -1;
    size_t known = list->n;
    for (size_t i = 0; i < s.n; i++) {
        struct mail_folder *f =
            list_find(list, known, strcasecmp(s.names[i], "INBOX") ? s.names[i] : "INBOX");
        if (!f)
            f = list_add(list, s.names[i]);
        f->subscribed = true;
    }
    sort_unique(list);
    subscriptions_done(&s);
    return 0;
}

int mail_store_folders(struct mail_store *store, struct mail_folder **folders, size_t *count, struct err *e)
{
    struct list list = {0};
    int r = read_root(&list, store, e);
    if (!r) {
        qsort(list.items, list.n, sizeof *list.items, by_name);
        add_parents(&list);
        mark_parents(&list);
        r = mark_subscribed(&list, store, e);
    }
    if (r) {
        mail_folders_free(list.items, list.n);
        return -1;
    }
    *folders = list.items;
    *count = list.n;
    return 0;
}

void mail_folders_free(struct mail_folder *folders, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(folders[i].name);
    free(folders);
}

/* ---- create ---- */

static int sync_root(struct mail_store *store, struct err *e)
{
    return fs_sync_dir(store->fd) ? err_errno(e, errno, "syncing %s", store->root) : 0;
}

static size_t count_folders(struct mail_store *store)
{
    size_t n = 0;
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir)
        fd = -1;
    for (struct dirent *d; dir && (d = readdir(dir));)
        n += d->d_name[0] == '.';
    return n;
}

/* The directory is filled under a name that nobody lists, then renamed: a folder is there whole or not at
 * all. */
int mail_store_create(struct mail_store *store, const char *name, struct err *e)
{
    static const char *const subdirs[] = {"cur", "new", "tmp"};
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), tmp = STRBUF_INIT(4096);
    if (folder_dir_name(&dir, name, e))
        return -1;
    if (dir.len == 1 || !faccessat(store->fd, dir.data, F_OK, AT_SYMLINK_NOFOLLOW))
        return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", name);
    if (count_folders(store) >= MAIL_FOLDERS_MAX)
        return err_set(e, ERR_LIMIT, "no more than %d folders", MAIL_FOLDERS_MAX);
    strbuf_adds(&tmp, DELETED_PREFIX);
    maildir_name_new(&tmp);
    if (mkdirat(store->fd, tmp.data, 0700))
        return err_errno(e, errno, "making the folder \"%s\"", name);
    AUTO_CLOSE int fd = openat(store->fd, tmp.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_LEN(subdirs); i++)
        if (fd < 0 || mkdirat(fd, subdirs[i], 0700))
            return err_errno(e, errno, "making the folder \"%s\"", name);
    AUTO_CLOSE int marker = openat(fd, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fs_sync_dir(fd) || renameat2(store->fd, tmp.data, store->fd, dir.data, 1 /* RENAME_NOREPLACE */))
        return err_errno(e, errno, "making the folder \"%s\"", name);
    return sync_root(store, e);
}

/* ---- delete ---- */

/* The files of a directory, then those of its three subdirectories: no deeper. */
static void remove_files(int dir_fd)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
            unlinkat(dir_fd, d->d_name, 0);
}

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

int mail_store_delete(struct mail_store *store, const char *name, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), trash = STRBUF_INIT(4096);
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    if (folder_dir_name(&dir, name, e))
        return -1;
    if (dir.len == 1)
        return err_set(e, ERR_INVALID, "INBOX cannot be deleted");
    if (folder_open(&f, store, name, e))
        return -1;
    strbuf_adds(&trash, DELETED_PREFIX);
    maildir_name_new(&trash);
    if (renameat(store->fd, dir.data, store->fd, trash.data))
        return err_errno(e, errno, "deleting the folder \"%s\"", name);
    if (sync_root(store, e))
        return -1;
    remove_tree(store->fd, trash.data);
    if (store->quota_bytes || store->quota_messages)
        unlinkat(store->fd, "maildirsize", 0); /* counted anew when it is needed */
    return 0;
}

/* ---- rename ---- */

static int rename_inbox(struct mail_store *store, const char *to, struct err *e)
{
    struct mailbox *inbox;
    struct mail_copy_result result;
    if (mail_store_create(store, to, e) || mailbox_open(&inbox, store, "INBOX", false, e))
        return -1;
    size_t n = mailbox_count(inbox);
    AUTO_FREE uint32_t *uids = xcalloc(n + 1, sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = mailbox_at(inbox, i)->uid;
    int r = mailbox_copy(inbox, uids, n, to, true, &result, e);
    if (!r)
        mail_copy_result_done(&result);
    mailbox_close(inbox);
    return r;
}

static int rename_one(struct mail_store *store, const char *from, const char *to, struct err *e)
{
    AUTO_STRBUF struct strbuf a = STRBUF_INIT(4096), b = STRBUF_INIT(4096);
    if (folder_dir_name(&a, from, e) || folder_dir_name(&b, to, e))
        return -1;
    if (renameat2(store->fd, a.data, store->fd, b.data, 1 /* RENAME_NOREPLACE */) && errno != ENOENT)
        return errno == EEXIST ? err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", to)
                               : err_errno(e, errno, "renaming \"%s\"", from);
    return 0;
}

static bool below(const char *name, const char *parent)
{
    size_t n = strlen(parent);
    return !strncmp(name, parent, n) && name[n] == '.';
}

/* Every new name must be usable and free before the first directory is renamed. */
static int check_targets(struct mail_folder *folders, size_t n, const char *from, const char *to,
                         struct err *e)
{
    struct list list = {folders, n};
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        AUTO_STRBUF struct strbuf target = STRBUF_INIT(8192), dir = STRBUF_INIT(8192);
        if (!strcmp(folders[i].name, to) && folders[i].exists)
            return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", to);
        found |= !strcmp(folders[i].name, from) && (folders[i].exists || folders[i].has_children);
        if (!below(folders[i].name, from))
            continue;
        strbuf_addf(&target, "%s%s", to, folders[i].name + strlen(from));
        if (folder_dir_name(&dir, target.data, e))
            return -1;
        const struct mail_folder *taken = list_find(&list, n, target.data);
        if (folders[i].exists && taken && taken->exists)
            return err_set(e, ERR_EXISTS, "the folder \"%s\" exists already", target.data);
    }
    return found ? 0 : err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", from);
}

int mail_store_rename(struct mail_store *store, const char *from, const char *to, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct mail_folder *folders;
    size_t n;
    if (folder_dir_name(&dir, to, e))
        return -1;
    if (dir.len == 1)
        return err_set(e, ERR_EXISTS, "INBOX exists already");
    if (!strcasecmp(from, "INBOX"))
        return rename_inbox(store, to, e);
    if (below(to, from) || !strcmp(from, to))
        return err_set(e, ERR_INVALID, "a folder cannot become its own child");
    if (mail_store_folders(store, &folders, &n, e))
        return -1;
    int r = check_targets(folders, n, from, to, e);
    if (!r)
        r = rename_one(store, from, to, e);
    for (size_t i = 0; i < n && !r; i++) {
        AUTO_STRBUF struct strbuf target = STRBUF_INIT(8192);
        if (!below(folders[i].name, from) || !folders[i].exists)
            continue;
        strbuf_addf(&target, "%s%s", to, folders[i].name + strlen(from));
        r = rename_one(store, folders[i].name, target.data, e);
    }
    mail_folders_free(folders, n);
    return r ? r : sync_root(store, e);
}

/* ---- status ---- */

int mail_store_status(struct mail_store *store, const char *name, struct mailbox_status *status,
                      struct err *e)
{
    struct mailbox *mb;
    if (mailbox_open(&mb, store, name, true, e))
        return -1;
    *status = (struct mailbox_status){.messages = (uint32_t)mailbox_count(mb),
                                      .recent = mb->head.in_new,
                                      .unseen = mb->head.unseen,
                                      .uidnext = mailbox_uidnext(mb),
                                      .uidvalidity = mailbox_uidvalidity(mb)};
    mailbox_close(mb);
    return 0;
}
