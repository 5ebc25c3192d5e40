/*
 * maildir_check.c - `posthouse mailbox check`: one folder after the other, its files against dovecot-uidlist, keywords and the
 * index. Nothing is changed, and no lock is taken.
 */
#include "maildir/maildir_check_internal.h"
#include "maildir/maildir_courier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/stat.h>

#define LOCK_STALE_S 120

void check_found(struct check *c, int problem, const char *file, const char *way_out, const char *fmt, ...)
{
    AUTO_STRBUF struct strbuf what = STRBUF_INIT(4096), path = STRBUF_INIT(4096);
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&what, fmt, ap);
    va_end(ap);
    if (c->dir && strcmp(c->dir, "."))
        strbuf_addf(&path, "%s/", c->dir);
    strbuf_adds(&path, file);
    const struct mail_finding f = {
        .problem = problem, .folder = c->folder, .file = path.data, .what = what.data, .way_out = way_out};
    *(problem ? &c->sums->problems : &c->sums->notes) += 1;
    c->observer->found(c->observer->arg, &f);
}

/* ---- dovecot-uidlist ---- */

static int by_base_of_file(const void *key, const void *item)
{
    const struct bytes *base = key;
    const struct checked_file *f = item;
    size_t n = base->n < f->base_len ? base->n : f->base_len;
    int r = memcmp(base->p, f->name, n);
    return r ? r : (int)base->n - f->base_len;
}

/* Later lines win. */
static void give_uids(struct check *c, size_t *live)
{
    for (size_t i = 0; i < c->uidlist.n; i++) {
        struct bytes base = uidlist_base(&c->uidlist, &c->uidlist.entries[i]);
        struct checked_file *f =
            c->n ? bsearch(&base, c->files, c->n, sizeof *c->files, by_base_of_file) : NULL;
        if (!f)
            continue;
        if (f->uid)
            check_found(c, PROBLEM, "dovecot-uidlist",
                        "posthouse mailbox rebuild --uidlist; the later UID stays, as with Dovecot",
                        "the file %s has the UIDs %u and %u", f->name, f->uid, c->uidlist.entries[i].uid);
        *live += !f->uid;
        f->uid = c->uidlist.entries[i].uid;
    }
}

static bool has(const struct check *c, const char *name)
{
    return !faccessat(c->fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void check_no_uidlist(struct check *c)
{
    if (has(c, COURIER_UIDDB) || has(c, COURIER_POP3))
        check_found(c, NOTE, "dovecot-uidlist",
                    "posthouse mailbox import-courier shows what will become of them",
                    "is not there yet; the first session takes over Courier's numbers");
    else if (c->n)
        check_found(c, NOTE, "dovecot-uidlist", "nothing needs to be done",
                    "is not there yet; the first session numbers the %zu messages", c->n);
}

static void check_uidlist(struct check *c)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(UIDLIST_MAX_BYTES);
    struct err e;
    size_t live = 0;
    if (fs_read_file(c->fd, "dovecot-uidlist", &text, &e) && e.code == ERR_NOTFOUND) {
        check_no_uidlist(c);
        return;
    }
    if (!text.len || uidlist_parse(&c->uidlist, strbuf_bytes(&text), &e)) {
        check_found(c, PROBLEM, "dovecot-uidlist",
                    "mend the line, or put a backup there; else posthouse mailbox rebuild --uidlist "
                    "--renumber, which costs all "
                    "UIDs",
                    "cannot be read: %s", text.len ? e.text : "it is empty");
        return;
    }
    c->has_uidlist = true;
    give_uids(c, &live);
    const struct uidlist_entry *last = c->uidlist.n ? &c->uidlist.entries[c->uidlist.n - 1] : NULL;
    if (last && c->uidlist.next <= last->uid)
        check_found(c, NOTE, "dovecot-uidlist", "nothing needs to be done: it is written anew one day",
                    "the last UID is %u, and the next one is said to be %u", last->uid, c->uidlist.next);
    if (has(c, COURIER_UIDDB))
        check_found(c, NOTE, COURIER_UIDDB, "remove it when nobody will go back to Courier",
                    "is not looked at any more: dovecot-uidlist says which UIDs there are");
}

/* ---- keywords, locks ---- */

static void check_keywords(struct check *c)
{
    struct keywords kw = {.dirty = false};
    struct sidecar sc;
    struct err e;
    bool changed;
    if (keywords_read(&kw, c->fd, &changed, &e))
        check_found(c, PROBLEM, "dovecot-keywords", "mend or remove it; keywords lose their names then",
                    "cannot be read: %s", e.text);
    for (int i = 0; i < MAIL_LETTERS_MAX; i++)
        if (c->letters >> i & 1 && !kw.names[i])
            check_found(c, NOTE, "dovecot-keywords",
                        "add a line with its number and name if you know it; it is shown to nobody else",
                        "has no name for the letter \"%c\" that messages carry", 'a' + i);
    keywords_done(&kw);
    sidecar_init(&sc);
    bool failed = sidecar_read(&sc, c->fd, false, &changed, &e);
    if (failed || sc.unreadable)
        check_found(c, PROBLEM, SIDECAR_FILE, "remove it; the keywords beyond the letters are lost then",
                    "cannot be read: %s", failed ? e.text : "it is not ours, or of a later version");
    sidecar_done(&sc);
}

static void check_locks(struct check *c)
{
    static const char *const names[] = {"dovecot-uidlist.lock", "dovecot-keywords.lock",
                                        "subscriptions.lock"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct stat st;
        if (!fstatat(c->fd, names[i], &st, AT_SYMLINK_NOFOLLOW) && time(NULL) - st.st_mtime > LOCK_STALE_S)
            check_found(c, NOTE, names[i], "nothing needs to be done: the next session takes it over",
                        "is a lock left behind %lld seconds ago", (long long)(time(NULL) - st.st_mtime));
    }
}

/* ---- all of it ---- */

static void check_done(struct check *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->files[i].name);
    free(c->files);
    uidlist_done(&c->uidlist);
    cleanup_close(&c->fd);
}

static void check_folder(const struct check *all, const char *name, const char *dir)
{
    struct check c = *all;
    c.folder = name;
    c.dir = dir;
    uidlist_init(&c.uidlist);
    c.fd = openat(c.store->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    c.sums->folders++;
    if (c.fd < 0) {
        check_found(&c, PROBLEM, ".", "give it to the account (chown, chmod)", "cannot be opened: %s",
                    strerror(errno));
        return;
    }
    if (c.observer->progress)
        c.observer->progress(c.observer->arg, name, 0);
    if (strcmp(dir, ".") && !has(&c, "maildirfolder"))
        check_found(&c, NOTE, "maildirfolder",
                    "make an empty file of that name, if other programs deliver there", "is missing");
    check_files(&c);
    check_uidlist(&c);
    check_keywords(&c);
    check_locks(&c);
    check_index(&c);
    check_done(&c);
}

static bool is_folder(const struct mail_store *store, const char *dir)
{
    char path[300];
    snprintf(path, sizeof path, "%.250s/cur", dir);
    return !faccessat(store->fd, path, F_OK, 0);
}

static int check_all(struct check *c, struct err *e)
{
    AUTO_CLOSE int fd = openat(c->store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return err_errno(e, errno, "reading %s", c->store->root);
    fd = -1;
    check_store(c);
    check_folder(c, "INBOX", ".");
    for (struct dirent *d; (d = readdir(dir));) {
        AUTO_STRBUF struct strbuf name = STRBUF_INIT(4096);
        if (folder_name_of_dir(&name, c->store, d->d_name) && is_folder(c->store, d->d_name))
            check_folder(c, name.data, d->d_name);
    }
    return 0;
}

int mail_check(struct mail_store *store, const char *folder, const struct mail_observer *observer,
               struct mail_checked *sums, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct index index;
    struct check c = {.store = store, .observer = observer, .sums = sums, .fd = -1};
    *sums = (struct mail_checked){0};
    if (folder &&
        (folder_dir_find(&dir, store, folder, e) ||
         (!is_folder(store, dir.data) && err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", folder))))
        return -1;
    int rc = index_look(&index, store->root);
    if (!rc)
        c.index = &index;
    if (rc && rc != MDB_NOTFOUND && rc != MDB_VERSION_MISMATCH)
        check_found(&c, PROBLEM, INDEX_DIR, "posthouse mailbox rebuild; nothing is lost but speed",
                    "is damaged: %s", mdb_strerror(rc));
    int r = 0;
    if (folder)
        check_folder(&c, folder, dir.data);
    else
        r = check_all(&c, e);
    if (!rc)
        index_close(&index);
    return r;
}
