/*
 * maildir_courier_match.c - which file a line of Courier's is about.
 *
 * Courier knows a message by what stands before the ':' of its file's name, and takes a file whose ",S=" differs for the same
 * one when it finds no other.
 */
#include "maildir/maildir_courier.h"

#include "base/cleanup.h"
#include "maildir/maildir_name.h"

#include <errno.h>
#include <fcntl.h>

#define FILES_MAX 5000000

/* ---- files ---- */

static void add_file(struct courier_files *files, const char *name, bool in_new)
{
    if (files->n == files->size) {
        files->size = files->size ? files->size * 2 : 64;
        files->items = xrealloc(files->items, files->size, sizeof *files->items);
    }
    struct courier_file *f = &files->items[files->n++];
    *f = (struct courier_file){.name = xstrdup(name), .in_new = in_new};
    f->base = maildir_name_base(bytes_of(f->name));
}

static int read_names(struct courier_files *files, int dir_fd, const char *sub, struct err *e)
{
    AUTO_CLOSE int fd = openat(dir_fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return err_errno(e, errno, "reading %s/", sub);
    fd = -1;
    for (struct dirent *d; errno = 0, (d = readdir(dir));)
        if (maildir_name_is_message(d->d_name) && files->n < FILES_MAX)
            add_file(files, d->d_name, *sub == 'n');
    return errno ? err_errno(e, errno, "reading %s/", sub) : 0;
}

int courier_files_read(struct courier_files *files, int dir_fd, struct err *e)
{
    *files = (struct courier_files){.n = 0};
    if (!read_names(files, dir_fd, "new", e) && !read_names(files, dir_fd, "cur", e))
        return 0;
    courier_files_done(files);
    return -1;
}

void courier_files_done(struct courier_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->items[i].name);
    free(files->items);
    *files = (struct courier_files){.n = 0};
}

/* ---- comparing ---- */

/* A base in two parts, without the ",S=<digits>" between them. */
struct key {
    struct bytes head, tail;
};

static struct key key_of(struct bytes base)
{
    for (size_t i = 0; i + 3 < base.n; i++) {
        if (memcmp(base.p + i, ",S=", 3) != 0)
            continue;
        size_t end = i + 3;
        while (end < base.n && base.p[end] >= '0' && base.p[end] <= '9')
            end++;
        if (end > i + 3 && (end == base.n || base.p[end] == ','))
            return (struct key){bytes_from(base.p, i), bytes_skip(base, end)};
    }
    return (struct key){base, {base.p, 0}};
}

static int byte_at(const struct key *k, size_t i)
{
    return i < k->head.n               ? (unsigned char)k->head.p[i]
           : i < k->head.n + k->tail.n ? (unsigned char)k->tail.p[i - k->head.n]
                                       : -1;
}

static int compare_keys(struct bytes a, struct bytes b)
{
    struct key x = key_of(a), y = key_of(b);
    for (size_t i = 0;; i++) {
        int c = byte_at(&x, i), d = byte_at(&y, i);
        if (c != d || c < 0)
            return c - d;
    }
}

int courier_by_base(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    int r = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return r ? r : (x->n > y->n) - (x->n < y->n);
}

static int by_key(const void *a, const void *b)
{
    int r = compare_keys(*(const struct bytes *)a, *(const struct bytes *)b);
    return r ? r : courier_by_base(a, b);
}

/* ---- matching ---- */

/* A run of structs that begin with a base, all of one key. */
struct run {
    char *at;
    size_t n, size;
};

static struct bytes *base_at(const struct run *run, size_t i)
{
    return (struct bytes *)(void *)(run->at + i * run->size);
}

static struct run next_run(char *at, const char *end, size_t size)
{
    struct run run = {.at = at, .n = at < end, .size = size};
    while (at + run.n * size < end && !compare_keys(*base_at(&run, 0), *base_at(&run, run.n)))
        run.n++;
    return run;
}

/* Items that have their own file keep it; the others take what files are left, one each. Both are in the order of the bases. */
static void match_runs(const struct run *items, const struct run *files)
{
    AUTO_FREE struct bytes **lost = xcalloc(items->n, sizeof *lost);
    AUTO_FREE struct bytes **left = xcalloc(files->n, sizeof *left);
    size_t nlost = 0, nleft = 0, i = 0, f = 0;
    while (i < items->n || f < files->n) {
        int r = i == items->n   ? 1
                : f == files->n ? -1
                                : courier_by_base(base_at(items, i), base_at(files, f));
        if (r < 0)
            lost[nlost++] = base_at(items, i);
        else if (r > 0)
            left[nleft++] = base_at(files, f);
        i += r <= 0;
        f += r >= 0;
    }
    for (i = 0; i < nlost && i < nleft; i++)
        *lost[i] = *left[i];
}

void courier_match(void *items, size_t n, size_t size, const struct courier_files *files)
{
    const size_t file_size = sizeof *files->items;
    if (!n || !files->n)
        return;
    qsort(items, n, size, by_key);
    qsort(files->items, files->n, file_size, by_key);
    char *end = (char *)items + n * size, *files_end = (char *)(files->items + files->n);
    struct run a = next_run(items, end, size), b = next_run((char *)files->items, files_end, file_size);
    while (a.n && b.n) {
        int r = compare_keys(*base_at(&a, 0), *base_at(&b, 0));
        char *next_a = a.at + a.n * size, *next_b = b.at + b.n * file_size;
        if (!r)
            match_runs(&a, &b);
        if (r <= 0)
            a = next_run(next_a, end, size);
        if (r >= 0)
            b = next_run(next_b, files_end, file_size);
    }
}
