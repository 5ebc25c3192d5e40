/*
 * maildir_scan_names.c - file names while a folder is looked at: kept in blocks, read from directories, made unique.
 */
#include "maildir/maildir_scan.h"

#include <errno.h>
#include <fcntl.h>

#define BLOCK ((size_t)1 << 18)

static char *arena_add(struct arena *a, const char *p, size_t n)
{
    if (a->left < n) {
        a->blocks = xgrow(a->blocks, a->n, sizeof *a->blocks);
        a->left = BLOCK;
        a->at = a->blocks[a->n++] = xrealloc(NULL, BLOCK, 1);
    }
    char *to = a->at;
    memcpy(to, p, n);
    a->at += n;
    a->left -= n;
    return to;
}

struct found *names_add(struct names *names, const char *name, bool in_new)
{
    size_t n = strlen(name);
    if (names->n == names->size) {
        names->size = names->size ? names->size * 2 : 64;
        names->items = xrealloc(names->items, names->size, sizeof *names->items);
    }
    struct found *f = &names->items[names->n++];
    *f = (struct found){.name = arena_add(&names->arena, name, n + 1),
                        .name_len = (uint16_t)n,
                        .base_len = (uint16_t)maildir_name_base(bytes_from(name, n)).n,
                        .in_new = in_new};
    return f;
}

void names_done(struct names *names)
{
    for (size_t i = 0; i < names->arena.n; i++)
        free(names->arena.blocks[i]);
    free(names->arena.blocks);
    free(names->items);
    *names = (struct names){0};
}

static int by_base(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    size_t n = x->base_len < y->base_len ? x->base_len : y->base_len;
    int r = memcmp(x->name, y->name, n);
    return r ? r : x->base_len != y->base_len ? x->base_len - y->base_len : x->in_new - y->in_new;
}

void names_sort_unique(struct names *names)
{
    size_t left = 0;
    if (names->n)
        qsort(names->items, names->n, sizeof *names->items, by_base);
    for (size_t i = 0; i < names->n; i++) {
        struct found *f = &names->items[i], *last = left ? &names->items[left - 1] : NULL;
        if (last && bytes_eq(found_base(last), found_base(f)))
            last->recent |= f->recent;
        else
            names->items[left++] = *f;
    }
    names->n = left;
}

/* No file is opened and no file is stat'ed: a FIFO in cur/ costs nothing until somebody fetches it. */
int names_read(int dir_fd, int (*each)(void *arg, const char *name, struct err *e), void *arg, struct err *e)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return err_errno(e, errno, "reading a folder");
    fd = -1;
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        bool candidate = d->d_type == DT_REG || d->d_type == DT_UNKNOWN;
        if (candidate && maildir_name_is_message(d->d_name) && each(arg, d->d_name, e))
            return -1;
    }
    return errno ? err_errno(e, errno, "reading a folder") : 0;
}
