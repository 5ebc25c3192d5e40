/*
 * maildir_check_files.c - the files in new/, cur/ and tmp/ of one folder, and what is odd about them.
 */
#include "maildir/maildir_check_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PROGRESS_EVERY 1000
#define TMP_STALE_S    (36 * 3600)

struct bytes checked_base(const struct checked_file *f)
{
    return bytes_from(f->name, f->base_len);
}

static void check_content(struct check *c, int dir_fd, const char *path, const char *name)
{
    struct stat st;
    uint64_t size;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return; /* renamed meanwhile */
    if (!S_ISREG(st.st_mode))
        check_found(c, PROBLEM, path, "move it out of the Maildir", "is no regular file, and no message");
    else if (faccessat(dir_fd, name, R_OK, 0))
        check_found(c, PROBLEM, path, "give it to the account (chown, chmod)",
                    "cannot be read by the account");
    else if (maildir_name_size(bytes_of(name), 'S', &size) && size != (uint64_t)st.st_size)
        check_found(c, NOTE, path, "nothing needs to be done: the real size is served",
                    "has %lld octets, not the %llu that its name tells", (long long)st.st_size,
                    (unsigned long long)size);
}

static void add_file(struct check *c, const char *name, bool in_new)
{
    uint32_t flags, letters;
    if (c->n == c->size) {
        c->size = c->size ? 2 * c->size : 256;
        c->files = xrealloc(c->files, c->size, sizeof *c->files);
    }
    c->files[c->n++] = (struct checked_file){
        .name = xstrdup(name), .base_len = (uint16_t)maildir_name_base(bytes_of(name)).n, .in_new = in_new};
    maildir_name_flags(bytes_of(name), &flags, &letters);
    c->letters |= letters;
    c->sums->messages++;
    if (c->observer->progress && c->n % PROGRESS_EVERY == 0)
        c->observer->progress(c->observer->arg, c->folder, c->n);
}

static void check_name(struct check *c, int dir_fd, const char *sub, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", sub, name);
    if (maildir_name_is_message(name)) {
        check_content(c, dir_fd, path, name);
        add_file(c, name, *sub == 'n');
    } else if (strcmp(name, ".") && strcmp(name, "..")) {
        check_found(c, NOTE, path, "rename it if it is a message, else move it away",
                    "has a name that is ignored by every server");
    }
}

static void check_dir(struct check *c, const char *sub)
{
    AUTO_CLOSE int fd = openat(c->fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        check_found(c, NOTE, sub, "nothing needs to be done: the next session makes it", "is missing");
    else if (fd < 0)
        check_found(c, PROBLEM, sub, "mend the directory", "cannot be opened: %s", strerror(errno));
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    int dir_fd = TAKE_FD(fd);
    for (struct dirent *d; (d = readdir(dir));)
        check_name(c, dir_fd, sub, d->d_name);
}

static void check_tmp(struct check *c)
{
    AUTO_CLOSE int fd = openat(c->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    size_t stale = 0;
    if (!dir)
        return;
    int dir_fd = TAKE_FD(fd);
    for (struct dirent *d; (d = readdir(dir));) {
        struct stat st;
        stale += !fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
                 time(NULL) - st.st_ctime > TMP_STALE_S;
    }
    if (stale)
        check_found(c, NOTE, "tmp", "they may be removed", "%zu files are left from more than 36 hours ago",
                    stale);
}

static int by_base(const void *a, const void *b)
{
    const struct checked_file *x = a, *y = b;
    size_t n = x->base_len < y->base_len ? x->base_len : y->base_len;
    int r = memcmp(x->name, y->name, n);
    return r ? r : x->base_len - y->base_len;
}

static void check_twins(struct check *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const struct checked_file *a = &c->files[i - 1], *b = &c->files[i];
        char path[600];
        if (by_base(a, b))
            continue;
        snprintf(path, sizeof path, "%s/%s", b->in_new ? "new" : "cur", b->name);
        check_found(c, PROBLEM, path,
                    "compare them when no session runs; remove one, or give it another unique name",
                    "is the same message by its name as %s/%s; one of the two is shown",
                    a->in_new ? "new" : "cur", a->name);
    }
}

void check_files(struct check *c)
{
    check_dir(c, "new");
    check_dir(c, "cur");
    check_tmp(c);
    if (c->n)
        qsort(c->files, c->n, sizeof *c->files, by_base);
    check_twins(c);
}
