/*
 * maildir_folder.c - the tree of folders: list, and count for STATUS. maildir_tree.c changes it.
 *
 * Maildir++: ".A.B" directories below the root, each with cur/ new/ tmp/ and the empty marker `maildirfolder`.
 * Parents need not exist.
 */
#include "maildir/maildir_internal.h"
#include "maildir/maildir_subscriptions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- listing ---- */

struct list {
    struct mail_folder *items;
    size_t n;
};

static struct mail_folder *list_add(struct list *list, const char *name)
{
    list->items = xgrow(list->items, list->n, sizeof *list->items);
    struct mail_folder *f = &list->items[list->n++];
    *f = (struct mail_folder){.name = xstrdup(name)};
    return f;
}

static bool is_absent(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

/* A directory that cannot be looked into now (no memory, an error of the disk) is there all the same: who renames or lists
 * folders must not overlook it. */
static void add_folder(struct list *list, int root, const struct dirent *d, const char *name)
{
    char path[NAME_MAX + sizeof "/cur/."];
    snprintf(path, sizeof path, "%s/cur/.", d->d_name);
    if (faccessat(root, path, F_OK, 0) && is_absent(errno))
        return;
    struct mail_folder *f = list_add(list, name);
    f->exists = true;
    f->ino = d->d_ino;
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
            add_folder(list, store->fd, d, name.data);
    }
    struct mail_folder *inbox = list_add(list, "INBOX");
    inbox->exists = true;
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
    if (store->look_only ? subscriptions_read(&s, store->fd, e) : subscriptions_take(&s, store->fd, e))
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

bool mail_store_has(struct mail_store *store, const char *name)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct err ignored;
    if (folder_dir_find(&dir, store, name, &ignored))
        return false;
    strbuf_adds(&dir, "/cur/.");
    return !faccessat(store->fd, dir.data, F_OK, 0);
}
