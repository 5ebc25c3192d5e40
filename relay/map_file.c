/*
 * map_file.c - see map_file.h. One stat for each question tells whether the file is the one that was read. A file whose
 * time stamp was younger than a moment when it was read might have changed again within the clock's grain: it is read
 * once more.
 */
#include "relay/map_file.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

struct map_file {
    char *path;
    enum map_format format;
    bool exact, optional;
    struct address_map *map; /* NULL: to be read */
    struct stat seen;
    bool young;
    int complained; /* errno that the log has been told of */
};

struct map_file *map_file_new(const char *path, enum map_format format, bool exact, bool optional)
{
    struct map_file *f = xcalloc(1, sizeof *f);
    *f = (struct map_file){.path = xstrdup(path), .format = format, .exact = exact, .optional = optional};
    return f;
}

void map_file_free(struct map_file *f)
{
    if (!f)
        return;
    address_map_free(f->map);
    free(f->path);
    free(f);
}

const char *map_file_path(const struct map_file *f)
{
    return f->path;
}

static void complain(void *arg, size_t line, const char *text)
{
    const struct map_file *f = arg;
    log_error("%s:%zu: %s; the line, or that part of it, does not count", f->path, line, text);
}

static void take(struct map_file *f, struct bytes text)
{
    address_map_free(f->map);
    f->map = address_map_parse(text, f->format, f->exact, complain, f);
    f->complained = 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int fail(struct map_file *f, int errnum, struct err *e)
{
    address_map_free(TAKE_PTR(f->map));
    if (f->complained != errnum)
        log_error("%s cannot be read: %s; mail for addresses that it may decide about is put off", f->path,
                  strerror(errnum));
    f->complained = errnum;
    return err_errno(e, errnum, "%s", f->path);
}

static int read_again(struct map_file *f, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAP_FILE_MAX);
    struct stat st;
    AUTO_CLOSE int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st))
        return fail(f, errno, e);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > MAP_FILE_MAX)
        return fail(f, S_ISREG(st.st_mode) ? EFBIG : EINVAL, e);
    char *room = strbuf_room(&text, (size_t)st.st_size + 1);
    ssize_t n = fs_pread_all(fd, room, (size_t)st.st_size, 0);
    if (n < 0)
        return fail(f, errno, e);
    strbuf_extend(&text, (size_t)n);
    f->seen = st;
    f->young = time(NULL) - st.st_mtim.tv_sec < 2;
    take(f, strbuf_bytes(&text));
    return 0;
}

const struct address_map *map_file_get(struct map_file *f, struct err *e)
{
    struct stat st;
    if (stat(f->path, &st)) {
        if (errno != ENOENT || !f->optional) {
            fail(f, errno, e);
            return NULL;
        }
        take(f, BYTES(""));
        f->seen = (struct stat){.st_ino = 0};
        return f->map;
    }
    bool settled = !f->young || time(NULL) - f->seen.st_mtim.tv_sec < 2;
    if (f->map && same(&st, &f->seen) && settled)
        return f->map;
    return read_again(f, e) ? NULL : f->map;
}
