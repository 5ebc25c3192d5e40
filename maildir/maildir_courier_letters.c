/*
 * maildir_courier_letters.c - Courier's keywords become letters of file names, and beyond 26 lines of posthouse-keywords.
 *
 * Courier knows no limit. Names that a message carries are taken, those that most messages carry first; what goes beyond our
 * 64 stays in Courier's files. Names that are no keywords in IMAP are left there too.
 */
#include "maildir/maildir_courier.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "maildir/maildir_check.h"
#include "maildir/maildir_keywords.h"
#include "maildir/maildir_lock.h"
#include "maildir/maildir_name.h"
#include "maildir/maildir_sidecar.h"

#include <errno.h>
#include <fcntl.h>

#define LOOKS         3 /* at files that somebody renames meanwhile */
#define UPDATES_MAX   1000000
#define UPDATE_OCTETS 65536

static int read_updates(struct courier_keywords *kw, DIR *dir, struct err *e)
{
    size_t n = 0;
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(UPDATE_OCTETS);
        struct err why;
        if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || d->d_name[0] == ':' || n++ == UPDATES_MAX)
            continue;
        if (!fs_read_file(dirfd(dir), d->d_name, &text, &why))
            courier_keywords_parse_update(kw, bytes_of(d->d_name), strbuf_bytes(&text));
        else if (why.code != ERR_NOTFOUND && why.code != ERR_INVALID)
            return err_set(e, why.code, COURIER_KEYWORDS "/%s", why.text);
    }
    return errno ? err_errno(e, errno, "reading " COURIER_KEYWORDS "/") : 0;
}

static int read_keywords(struct courier_keywords *kw, int dir_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(COURIER_MAX_BYTES);
    AUTO_CLOSE int fd = openat(dir_fd, COURIER_KEYWORDS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(e, errno, "opening " COURIER_KEYWORDS "/");
    struct err why;
    if (!fs_read_file(fd, ":list", &text, &why))
        courier_keywords_parse(kw, strbuf_bytes(&text));
    else if (why.code != ERR_NOTFOUND)
        return err_set(e, why.code, COURIER_KEYWORDS "/%s", why.text);
    AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
    if (!dir)
        return err_errno(e, errno, "reading " COURIER_KEYWORDS "/");
    fd = -1;
    if (read_updates(kw, dir, e))
        return -1;
    courier_keywords_merge(kw);
    return 0;
}

/* ---- numbers ---- */

struct usage {
    size_t messages;
    int name, bit; /* bit: the keyword's number here, -1: none */
};

static bool has(const struct courier_marks *m, int name)
{
    return m->set[name / 64] >> (name % 64) & 1;
}

static int by_usage(const void *a, const void *b)
{
    const struct usage *x = a, *y = b;
    return x->messages != y->messages ? (x->messages < y->messages) - (x->messages > y->messages)
                                      : x->name - y->name;
}

static int number_name(struct keywords *letters, struct sidecar *more, const char *name, uint32_t in_use)
{
    struct err e = {.code = ERR_OK};
    uint64_t named = 0; /* some message may carry them */
    for (unsigned i = SIDECAR_FIRST; i < SIDECAR_END; i++)
        named |= (uint64_t)(sidecar_name(more, i) != NULL) << i;
    int n = sidecar_find(more, name);
    if (n < 0)
        n = keywords_get(letters, name, in_use, &e);
    return n < 0 && e.code == ERR_LIMIT ? sidecar_get(more, name, named, &e) : n;
}

/* bits[name] becomes the keyword's number, or -1. */
static void number_names(const struct courier_keywords *kw, struct keywords *letters, struct sidecar *more,
                         uint32_t in_use, int bits[COURIER_KEYWORDS_MAX])
{
    struct usage usage[COURIER_KEYWORDS_MAX];
    for (int i = 0; i < (int)kw->nnames; i++) {
        usage[i] = (struct usage){.name = i};
        for (size_t j = 0; j < kw->n; j++)
            usage[i].messages += has(&kw->marks[j], i);
    }
    qsort(usage, kw->nnames, sizeof *usage, by_usage);
    for (size_t i = 0; i < kw->nnames; i++)
        bits[usage[i].name] =
            usage[i].messages ? number_name(letters, more, kw->names[usage[i].name], in_use) : -1;
}

static uint64_t mask_of(const struct courier_keywords *kw, const struct courier_marks *m, const int *bits)
{
    uint64_t mask = 0;
    for (int i = 0; i < (int)kw->nnames; i++)
        if (has(m, i) && bits[i] >= 0)
            mask |= (uint64_t)1 << bits[i];
    return mask;
}

/* ---- files ---- */

/* 1: it was renamed meanwhile. */
static int rename_one(int new_fd, int cur_fd, const struct courier_file *f, uint32_t letters, struct err *e)
{
    AUTO_STRBUF struct strbuf to = STRBUF_INIT(MAILDIR_NAME_MAX);
    uint32_t flags, old;
    maildir_name_flags(bytes_of(f->name), &flags, &old);
    if (!(letters & ~old) || !maildir_name_with_flags(&to, bytes_of(f->name), flags, old | letters))
        return 0;
    if (!maildir_rename(f->in_new ? new_fd : cur_fd, f->name, cur_fd, to.data))
        return 0;
    return errno == ENOENT ? 1 : err_errno(e, errno, "putting keywords into the name of %s", f->name);
}

/* marks and files in the order of the bases: a file's keywords are those of its base. 1: look again. */
static int rename_files(int dir_fd, const struct courier_keywords *kw, const int *bits,
                        struct maildir_lock *lock, struct err *e)
{
    AUTO_CLOSE int new_fd = openat(dir_fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int cur_fd = openat(dir_fd, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct courier_files files;
    int r = 0;
    bool again = false;
    if (new_fd < 0 || cur_fd < 0)
        return err_errno(e, errno, "opening new/ and cur/");
    if (courier_files_read(&files, dir_fd, e))
        return -1;
    for (size_t i = 0; i < files.n && r >= 0; i++) {
        const struct courier_marks *m =
            bsearch(&files.items[i].base, kw->marks, kw->n, sizeof *kw->marks, courier_by_base);
        uint32_t letters = m ? (uint32_t)(mask_of(kw, m, bits) & MAIL_LETTERS) : 0;
        maildir_lock_refresh(lock);
        r = letters ? rename_one(new_fd, cur_fd, &files.items[i], letters, e) : 0;
        again |= r > 0;
    }
    courier_files_done(&files);
    if (r >= 0 && (fs_sync_dir(cur_fd) || fs_sync_dir(new_fd)))
        r = err_errno(e, errno, "syncing the folder");
    return r < 0 ? r : again;
}

/* ---- all of it ---- */

static int save_names(int dir_fd, const struct courier_keywords *kw, struct keywords *letters,
                      struct sidecar *more, const int *bits, struct err *e)
{
    for (size_t i = 0; i < kw->n; i++) {
        uint64_t mask = mask_of(kw, &kw->marks[i], bits) & SIDECAR_MASK;
        if (mask)
            sidecar_set(more, kw->marks[i].base, mask | sidecar_mask(more, kw->marks[i].base));
    }
    return keywords_save(letters, dir_fd, e) || sidecar_save(more, dir_fd, NULL, NULL, e) ? -1 : 0;
}

struct marked {
    struct bytes base;
    size_t mark;
};

/* Each gets the base of its file; those whose message is not there any more go. */
static void match_marks(struct courier_keywords *kw, struct courier_files *files)
{
    AUTO_FREE struct marked *items = xcalloc(kw->n + 1, sizeof *items);
    struct courier_marks *left = xcalloc(kw->n + 1, sizeof *left);
    size_t n = 0;
    for (size_t i = 0; i < kw->n; i++)
        items[i] = (struct marked){kw->marks[i].base, i};
    courier_match(items, kw->n, sizeof *items, files);
    if (files->n)
        qsort(files->items, files->n, sizeof *files->items, courier_by_base);
    qsort(items, kw->n, sizeof *items, courier_by_base);
    for (size_t i = 0; i < kw->n; i++) {
        if (!files->n ||
            !bsearch(&items[i].base, files->items, files->n, sizeof *files->items, courier_by_base))
            continue;
        left[n] = kw->marks[items[i].mark];
        left[n++].base = bytes_from(bytes_dup(items[i].base), items[i].base.n);
    }
    for (size_t i = 0; i < kw->n; i++)
        free((char *)kw->marks[i].base.p);
    free(kw->marks);
    kw->marks = left;
    kw->n = n;
}

/* Letters that files carry already are in_use. */
static int match_files(struct courier_keywords *kw, int dir_fd, uint32_t *in_use, struct err *e)
{
    struct courier_files files;
    if (courier_files_read(&files, dir_fd, e))
        return -1;
    *in_use = 0;
    for (size_t i = 0; i < files.n; i++) {
        uint32_t flags, letters;
        maildir_name_flags(bytes_of(files.items[i].name), &flags, &letters);
        *in_use |= letters;
    }
    match_marks(kw, &files);
    courier_files_done(&files);
    return 0;
}

/* In memory only. */
static int choose(int dir_fd, struct courier_keywords *kw, struct keywords *letters, struct sidecar *more,
                  int bits[COURIER_KEYWORDS_MAX], struct err *e)
{
    uint32_t in_use;
    bool changed;
    if (match_files(kw, dir_fd, &in_use, e) || sidecar_read(more, dir_fd, true, &changed, e))
        return -1;
    number_names(kw, letters, more, in_use, bits);
    return 0;
}

static int take(int dir_fd, struct courier_keywords *kw, struct keywords *letters, struct sidecar *more,
                struct maildir_lock *lock, struct err *e)
{
    int bits[COURIER_KEYWORDS_MAX];
    if (choose(dir_fd, kw, letters, more, bits, e))
        return -1;
    if (save_names(dir_fd, kw, letters, more, bits, e))
        return -1;
    int r = 1;
    for (int i = 0; i < LOOKS && r > 0; i++)
        r = rename_files(dir_fd, kw, bits, lock, e);
    return r < 0 ? r : 0;
}

int courier_take_keywords(int dir_fd, struct keywords *letters, struct sidecar *more,
                          struct maildir_lock *lock, struct err *e)
{
    struct courier_keywords kw = {.n = 0};
    int r = read_keywords(&kw, dir_fd, e);
    if (!r && kw.n)
        r = take(dir_fd, &kw, letters, more, lock, e);
    courier_keywords_done(&kw);
    return r;
}

/* ---- what it would be ---- */

static void count(const struct courier_keywords *kw, const int *bits, struct courier_plan *plan)
{
    for (int i = 0; i < (int)kw->nnames; i++) {
        bool used = false;
        for (size_t j = 0; j < kw->n && !used; j++)
            used = has(&kw->marks[j], i);
        plan->letters += bits[i] >= 0 && bits[i] < SIDECAR_FIRST;
        plan->upper += bits[i] >= SIDECAR_FIRST;
        plan->left_behind += used && bits[i] < 0;
    }
    for (size_t j = 0; j < kw->n; j++)
        plan->marked += mask_of(kw, &kw->marks[j], bits) != 0;
}

int courier_plan_keywords(int dir_fd, struct courier_plan *plan, struct err *e)
{
    int bits[COURIER_KEYWORDS_MAX];
    struct courier_keywords kw = {.n = 0};
    struct keywords letters = {.dirty = false};
    struct sidecar more;
    bool changed;
    sidecar_init(&more);
    int r = read_keywords(&kw, dir_fd, e);
    if (!r)
        r = keywords_read(&letters, dir_fd, &changed, e);
    if (!r)
        r = choose(dir_fd, &kw, &letters, &more, bits, e);
    if (!r)
        count(&kw, bits, plan);
    courier_keywords_done(&kw);
    keywords_done(&letters);
    sidecar_done(&more);
    return r;
}
