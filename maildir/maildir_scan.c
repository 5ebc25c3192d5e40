/*
 * maildir_scan.c - looking at new/ and cur/ again, and what follows from it.
 *
 * Under the uidlist lock, so that other servers' scans and our own renames never meet:
 *
 *   1  bring the uidlist up to date
 *   2  rename what is in new/ into cur/ with ":2," (a writer only; what cannot be moved is served from new/)
 *   3  read the names of cur/ (and of new/ for a reader)
 *   4  join them with the uidlist by base: known files keep their UID, others get the next ones in the order of their
 *      names
 *   5  append the new UIDs to the uidlist and sync it: only then may a client see them
 *
 * Without the lock (disk full, no write permission) only known messages are listed.
 *
 * Races with writers that take no lock (mutt, procmail, mv):
 * - readdir may miss a file that is renamed meanwhile: before a message is believed gone, cur/ and new/ are read
 *   once more;
 * - the same base seen twice is one message: the second name is ignored, since removing one could lose mail;
 * - a directory's mtime has a granularity: one that changed less than a second before it was looked at is looked at
 *   again.
 * No file is opened and no file is stat'ed here: a FIFO in cur/ costs nothing until somebody fetches it.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define NAMES_MAX   5000000 /* files of one folder */
#define MOVE_ROUNDS 3       /* readings of new/ while others deliver into it */

struct found {
    char *name;
    size_t base_len;
    uint32_t uid;
    bool in_new, recent;
};

struct names {
    struct found *items;
    size_t n, size;
};

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->items[i].name);
    free(names->items);
}

static struct found *names_add(struct names *names, const char *name, bool in_new, bool recent)
{
    if (names->n == names->size) {
        names->size = names->size ? names->size * 2 : 256;
        names->items = xrealloc(names->items, names->size, sizeof *names->items);
    }
    struct found *f = &names->items[names->n++];
    *f = (struct found){xstrdup(name), maildir_name_base(bytes_of(name)).n, 0, in_new, recent};
    return f;
}

static DIR *open_again(int dir_fd, struct err *e)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir)
        fd = -1;
    else
        err_errno(e, errno, "reading a folder");
    return dir;
}

static int read_names(struct names *names, int dir_fd, bool in_new, struct err *e)
{
    AUTO_CLOSEDIR DIR *dir = open_again(dir_fd, e);
    if (!dir)
        return -1;
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        bool candidate = d->d_type == DT_REG || d->d_type == DT_UNKNOWN;
        if (!candidate || !maildir_name_is_message(d->d_name))
            continue;
        if (names->n == NAMES_MAX)
            return err_set(e, ERR_LIMIT, "the folder has more than %d files", NAMES_MAX);
        names_add(names, d->d_name, in_new, in_new);
    }
    return errno ? err_errno(e, errno, "reading a folder") : 0;
}

/* ---- step 2: new/ to cur/ ---- */

/* 1 moved, 0 somebody else did, -1 cannot be moved. */
static int move_one(struct mailbox *mb, const char *name, struct strbuf *to)
{
    strbuf_clear(to);
    strbuf_adds(to, name);
    if (!strchr(name, ':'))
        strbuf_adds(to, ":2,");
    if (to->overflow)
        return -1;
    if (!renameat(mb->folder.new_fd, name, mb->folder.cur_fd, to->data))
        return 1;
    return errno == ENOENT ? 0 : -1;
}

/* Names that were moved go to `moved` (recent), those that stay in new/ to `names`. */
static int move_new(struct mailbox *mb, struct maildir_lock *lock, struct names *moved, struct names *names,
                    struct err *e)
{
    AUTO_STRBUF struct strbuf to = STRBUF_INIT(MAILDIR_NAME_MAX);
    for (int round = 0; round < MOVE_ROUNDS; round++) {
        struct names fresh = {0};
        size_t done = 0;
        int r = read_names(&fresh, mb->folder.new_fd, true, e);
        for (size_t i = 0; i < fresh.n && !r; i++) {
            int result = move_one(mb, fresh.items[i].name, &to);
            maildir_lock_refresh(lock);
            if (result > 0)
                names_add(moved, to.data, false, true);
            else if (result < 0 && !round)
                names_add(names, fresh.items[i].name, true, true);
            done += result > 0;
        }
        names_done(&fresh);
        if (r)
            return -1;
        if (!done)
            return 0;
    }
    return 0;
}

/* ---- steps 3 and 4: the names, joined with the uidlist ---- */

static int compare_base(const char *a, size_t na, const char *b, size_t nb)
{
    int r = memcmp(a, b, na < nb ? na : nb);
    return r ? r : (na > nb) - (na < nb);
}

static int by_base(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    int r = compare_base(x->name, x->base_len, y->name, y->base_len);
    return r ? r : x->in_new - y->in_new;
}

static int entry_by_base(const void *a, const void *b)
{
    const struct uidlist_entry *const *x = a, *const *y = b;
    int r = strcmp((*x)->base, (*y)->base);
    return r ? r : ((*x)->uid > (*y)->uid) - ((*x)->uid < (*y)->uid);
}

static int by_uid(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

static int by_arrival(const void *a, const void *b)
{
    const struct found *const *x = a, *const *y = b;
    return maildir_name_order(bytes_from((*x)->name, (*x)->base_len), bytes_from((*y)->name, (*y)->base_len));
}

/* Sort by base; of several names with one base the first stays (cur/ before new/). */
static void sort_unique(struct names *names)
{
    size_t left = 0;
    if (names->n)
        qsort(names->items, names->n, sizeof *names->items, by_base);
    for (size_t i = 0; i < names->n; i++) {
        struct found *f = &names->items[i], *last = left ? &names->items[left - 1] : NULL;
        if (last && !compare_base(last->name, last->base_len, f->name, f->base_len)) {
            last->recent |= f->recent;
            free(f->name);
        } else {
            names->items[left++] = *f;
        }
    }
    names->n = left;
}

/* Give each found file the UID of its base; of several lines with one base the later wins. */
static void join(const struct uidlist *ul, struct names *names)
{
    const struct uidlist_entry **sorted = xcalloc(ul->n + 1, sizeof *sorted);
    for (size_t i = 0; i < ul->n; i++)
        sorted[i] = &ul->entries[i];
    qsort(sorted, ul->n, sizeof *sorted, entry_by_base);
    for (size_t i = 0, j = 0; i < names->n && j < ul->n;) {
        struct found *f = &names->items[i];
        int r = compare_base(f->name, f->base_len, sorted[j]->base, strlen(sorted[j]->base));
        if (r == 0)
            f->uid = sorted[j]->uid;
        i += r < 0;
        j += r >= 0;
    }
    free(sorted);
}

/* The next UIDs, in the order of arrival, for files without one. */
static int number_new(struct uidlist *ul, struct names *names, struct err *e)
{
    struct found **fresh = xcalloc(names->n + 1, sizeof *fresh);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < names->n; i++)
        if (!names->items[i].uid)
            fresh[n++] = &names->items[i];
    qsort(fresh, n, sizeof *fresh, by_arrival);
    for (size_t i = 0; i < n && !r; i++)
        r = uidlist_add(ul, bytes_from(fresh[i]->name, fresh[i]->base_len), NULL, &fresh[i]->uid, e);
    free(fresh);
    return r;
}

static void drop_unnumbered(struct names *names)
{
    size_t left = 0;
    for (size_t i = 0; i < names->n; i++)
        if (names->items[i].uid)
            names->items[left++] = names->items[i];
        else
            free(names->items[i].name);
    names->n = left;
}

/* ---- is it really gone? ---- */

static bool some_are_missing(const struct mailbox *mb, const struct names *names)
{
    size_t i = 0;
    for (size_t j = 0; j < mb->n; j++) {
        while (i < names->n && names->items[i].uid < mb->entries[j].mail.uid)
            i++;
        if (i == names->n || names->items[i].uid != mb->entries[j].mail.uid)
            return true;
    }
    return false;
}

/* A second reading: what the first one missed is added. names is sorted by UID before and after. A line of
 * the uidlist is not dropped on one reading either: its file would come back with another UID. */
static int look_twice(struct mailbox *mb, struct names *names, bool locked, struct err *e)
{
    if (!some_are_missing(mb, names) && !(locked && uidlist_would_shrink(&mb->uidlist, names->n)))
        return 0;
    if (read_names(names, mb->folder.cur_fd, false, e) || read_names(names, mb->folder.new_fd, true, e))
        return -1;
    sort_unique(names);
    join(&mb->uidlist, names);
    drop_unnumbered(names);
    if (names->n > 1)
        qsort(names->items, names->n, sizeof *names->items, by_uid);
    return 0;
}

/* ---- the list ---- */

static struct entry make_entry(struct mailbox *mb, const struct found *f)
{
    struct entry entry = {.mail = {.uid = f->uid, .recent = f->recent, .in_new = f->in_new}};
    maildir_name_flags(bytes_of(f->name), &entry.mail.flags, &entry.mail.keywords);
    entry.mail.base = bytes_dup(bytes_from(f->name, f->base_len));
    entry.mail.name = xstrdup(f->name);
    entry.mail.changed = mb->sequence;
    return entry;
}

static bool update_entry(struct mailbox *mb, struct entry *entry, const struct found *f)
{
    uint32_t flags, keywords;
    maildir_name_flags(bytes_of(f->name), &flags, &keywords);
    bool differs = flags != entry->mail.flags || keywords != entry->mail.keywords;
    if (differs)
        entry->mail.changed = mb->sequence;
    entry->mail.flags = flags;
    entry->mail.keywords = keywords;
    entry->mail.in_new = f->in_new;
    if (strcmp(entry->mail.name, f->name)) {
        free(entry->mail.name);
        entry->mail.name = xstrdup(f->name);
    }
    return differs;
}

static void free_entry(struct entry *entry)
{
    free(entry->mail.base);
    free(entry->mail.name);
}

/* Merge what was found (sorted by UID) into the list. */
static void merge(struct mailbox *mb, const struct names *names)
{
    struct entry *list = xcalloc(names->n + 1, sizeof *list);
    bool changed = false;
    size_t old = 0;
    mb->sequence++;
    for (size_t i = 0; i < names->n; i++) {
        const struct found *f = &names->items[i];
        for (; old < mb->n && mb->entries[old].mail.uid < f->uid; changed = true)
            free_entry(&mb->entries[old++]);
        if (old < mb->n && mb->entries[old].mail.uid == f->uid) {
            list[i] = mb->entries[old++];
            changed |= update_entry(mb, &list[i], f);
        } else {
            list[i] = make_entry(mb, f);
            changed = true;
        }
    }
    for (; old < mb->n; changed = true)
        free_entry(&mb->entries[old++]);
    free(mb->entries);
    mb->entries = list;
    mb->n = names->n;
    if (!changed)
        mb->sequence--;
}

static bool has_file(void *arg, const struct uidlist_entry *line)
{
    const struct mailbox *mb = arg;
    return mailbox_find(mb, line->uid) != NULL;
}

static void stamp(struct mailbox *mb)
{
    struct stat st;
    clock_gettime(CLOCK_REALTIME, &mb->scanned_at);
    mb->new_mtime = fstat(mb->folder.new_fd, &st) ? (struct timespec){0} : st.st_mtim;
    mb->cur_mtime = fstat(mb->folder.cur_fd, &st) ? (struct timespec){0} : st.st_mtim;
    mb->scanned = true;
}

static int collect(struct mailbox *mb, struct maildir_lock *lock, struct names *names, struct err *e)
{
    struct names moved = {0};
    int r = mb->read_only || !lock ? read_names(names, mb->folder.new_fd, true, e)
                                   : move_new(mb, lock, &moved, names, e);
    if (!r)
        r = read_names(names, mb->folder.cur_fd, false, e);
    for (size_t i = 0; i < moved.n;
         i++) /* cur/ was read behind them, and says the same again but for `recent` */
        names_add(names, moved.items[i].name, false, true);
    names_done(&moved);
    if (!r)
        sort_unique(names);
    return r;
}

static int scan(struct mailbox *mb, struct maildir_lock *lock, struct names *names, struct err *e)
{
    uint32_t next = mb->uidlist.next;
    if (collect(mb, lock, names, e))
        return -1;
    join(&mb->uidlist, names);
    if (!lock) {
        drop_unnumbered(names);
    } else if (folder_number(mb->store, &mb->uidlist, e) || number_new(&mb->uidlist, names, e)) {
        uidlist_rollback(&mb->uidlist, next ? next : 1);
        return -1;
    }
    if (names->n)
        qsort(names->items, names->n, sizeof *names->items, by_uid);
    return look_twice(mb, names, lock != NULL, e);
}

int mailbox_scan(struct mailbox *mb, struct maildir_lock *lock, struct err *e)
{
    struct names names = {0};
    bool changed;
    struct timespec new_mtime, cur_mtime, scanned_at;
    if (keywords_read(&mb->keywords, mb->folder.fd, &changed, e) ||
        uidlist_read(&mb->uidlist, mb->folder.fd, &changed, e))
        return -1;
    stamp(mb); /* before reading: what changes meanwhile is seen next time */
    new_mtime = mb->new_mtime;
    cur_mtime = mb->cur_mtime;
    scanned_at = mb->scanned_at;
    uint32_t next = mb->uidlist.next;
    int r = scan(mb, lock, &names, e);
    if (!r)
        merge(mb, &names);
    if (!r && lock) {
        r = uidlist_save(&mb->uidlist, mb->folder.fd, mb->n, has_file, mb, e);
        if (r) /* not durable: nobody may see these UIDs */
            uidlist_rollback(&mb->uidlist, next ? next : 1);
        while (r && mb->n && mb->entries[mb->n - 1].mail.uid >= (next ? next : 1))
            free_entry(&mb->entries[--mb->n]);
    }
    names_done(&names);
    mb->new_mtime = new_mtime;
    mb->cur_mtime = cur_mtime;
    mb->scanned_at = scanned_at;
    mb->scanned = !r && lock;
    return r;
}
