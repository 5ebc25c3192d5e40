/*
 * fs.c - whole writes, syncs and atomic replacement, relative to directory descriptors.
 */
#include "base/fs.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int fs_write_all(int fd, const void *p, size_t n)
{
    const char *from = p;
    while (n > 0) {
        ssize_t w = write(fd, from, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0) {
            errno = w == 0 ? EIO : errno;
            return -1;
        }
        from += w;
        n -= (size_t)w;
    }
    return 0;
}

ssize_t fs_pread_all(int fd, void *p, size_t n, off_t offset)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, (char *)p + got, n - got, offset + (off_t)got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

/* Everything from fd, growing as it comes: the size that stat tells may change under us. */
static int read_to_end(int fd, const char *name, struct strbuf *sb, struct err *e)
{
    enum { STEP = 16384 };
    off_t at = 0;
    for (;;) {
        size_t left = sb->max - sb->len;
        size_t want = left < STEP ? left : STEP;
        char beyond;
        char *to = want ? strbuf_room(sb, want) : &beyond;
        ssize_t r = fs_pread_all(fd, to, want ? want : 1, at);
        if (r < 0)
            return err_errno(e, errno, "cannot read %s", name);
        if (r == 0)
            return 0;
        if (want == 0)
            return err_set(e, ERR_LIMIT, "%s is longer than %zu bytes", name, sb->max);
        strbuf_extend(sb, (size_t)r);
        at += r;
    }
}

int fs_read_file(int dirfd, const char *name, struct strbuf *sb, struct err *e)
{
    AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", name);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, errno, "cannot stat %s", name);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is not a regular file", name);
    return read_to_end(fd, name, sb, e);
}

int fs_sync_files(const int *fds, size_t n)
{
    int failed = 0;
    for (size_t i = 0; i < n && n > 1; i++)
        sync_file_range(fds[i], 0, 0, SYNC_FILE_RANGE_WRITE);
    for (size_t i = 0; i < n; i++)
        if (fsync(fds[i]) && !failed)
            failed = errno;
    errno = failed;
    return failed ? -1 : 0;
}

int fs_sync_dir(int dirfd)
{
    return fsync(dirfd);
}

static int write_and_sync(int fd, struct bytes content, mode_t mode)
{
    if (fchmod(fd, mode) != 0 || fs_write_all(fd, content.p, content.n) != 0)
        return -1;
    return fsync(fd);
}

int fs_replace(int dirfd, const char *name, const char *tmpname, struct bytes content, mode_t mode,
               bool sync_dir, struct err *e)
{
    if (unlinkat(dirfd, tmpname, 0) != 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove the stale %s", tmpname);
    AUTO_CLOSE int fd = openat(dirfd, tmpname, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot create %s", tmpname);
    if (write_and_sync(fd, content, mode) != 0) {
        err_errno(e, errno, "cannot write %s", tmpname);
        unlinkat(dirfd, tmpname, 0);
        return -1;
    }
    if (renameat(dirfd, tmpname, dirfd, name) != 0) {
        err_errno(e, errno, "cannot rename %s to %s", tmpname, name);
        unlinkat(dirfd, tmpname, 0);
        return -1;
    }
    if (sync_dir &&
        fs_sync_dir(dirfd) != 0) /* ERR_TEMP, whatever errno: the new file is there, but not for good */
        return err_set(e, ERR_TEMP, "cannot sync the directory of %s: %s", name, strerror(errno));
    return 0;
}

int fs_rename_new(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    if (renameat2(from_dirfd, from, to_dirfd, to, 1 /* RENAME_NOREPLACE */) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (faccessat(to_dirfd, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return renameat(from_dirfd, from, to_dirfd, to);
    errno = EEXIST;
    return -1;
}

/* The directory `path` itself; one that is there already is fine. */
static int mkdir_one(int dirfd, const char *path, mode_t mode)
{
    struct stat st;
    if (mkdirat(dirfd, path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -1;
    if (fstatat(dirfd, path, &st, 0) != 0)
        return -1;
    if (S_ISDIR(st.st_mode))
        return 0;
    errno = ENOTDIR;
    return -1;
}

int fs_mkdirs(int dirfd, const char *path, mode_t mode)
{
    AUTO_FREE char *copy = xstrdup(path);
    for (char *slash = copy + 1; *copy && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir_one(dirfd, copy, mode) != 0)
            return -1;
        *slash = '/';
    }
    return mkdir_one(dirfd, copy, mode);
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
    int flags = fcntl(fd, get);
    if (flags < 0)
        return -1;
    int wanted = on ? flags | flag : flags & ~flag;
    return wanted == flags ? 0 : fcntl(fd, set, wanted) < 0 ? -1 : 0;
}

int fs_set_nonblock(int fd, bool on)
{
    return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fs_set_cloexec(int fd, bool on)
{
    return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}
