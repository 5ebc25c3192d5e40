/*
 * crash_fs.c - a file system that passes everything through to a directory, and logs each change and each sync in order.
 *
 *   crash_fs BACKING LOG MOUNTPOINT
 *
 * What is lost when the power fails is not decided here: crash_power.py takes the log up to any point, forgets what was not
 * synced by then in any way that the crash model allows, and so makes all the disks that could be found after a power cut at that
 * point from a single run. Single-threaded, so that the log's order is the order of the answers; nothing is cached but the
 * contents of open files, and the kernel writes those through (no write-back cache). Locks are the kernel's own.
 *
 * Paths come with a leading '/'. Files and directories are remembered by descriptor, so that they may be renamed or removed while
 * they are open.
 */
#define FUSE_USE_VERSION 31
#include "t/crash/crash_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int root = -1;

static const char *below(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static const char *last(const char *path)
{
    return strrchr(path, '/') + 1;
}

static ino_t inode_of_fd(int fd)
{
    struct stat st;
    return fstat(fd, &st) ? 0 : st.st_ino;
}

static ino_t inode_of(const char *path)
{
    struct stat st;
    return fstatat(root, below(path), &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

static ino_t parent_of(const char *path)
{
    char dir[4096];
    snprintf(dir, sizeof dir, "%.*s", (int)(last(path) - path), path);
    if (dir[1])
        dir[strlen(dir) - 1] = '\0';
    return inode_of(dir);
}

static int result(int r)
{
    return r < 0 ? -errno : 0;
}

/* ---- looking ---- */

static int fs_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
    return result(fi ? fstat((int)fi->fh, st) : fstatat(root, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int fs_access(const char *path, int mode)
{
    return result(faccessat(root, below(path), mode, 0));
}

static int fs_statfs(const char *path, struct statvfs *st)
{
    (void)path;
    return result(fstatvfs(root, st));
}

static int fs_opendir(const char *path, struct fuse_file_info *fi)
{
    int fd = openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fi->fh = (uint64_t)fd;
    return result(fd);
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
    int fd = openat((int)fi->fh, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    (void)path;
    (void)offset;
    (void)flags;
    if (!dir)
        return -errno;
    for (struct dirent *d; (d = readdir(dir));) {
        struct stat st = {.st_ino = d->d_ino, .st_mode = (mode_t)d->d_type << 12};
        fill(buffer, d->d_name, &st, 0, 0);
    }
    closedir(dir);
    return 0;
}

static int fs_release(const char *path, struct fuse_file_info *fi)
{
    (void)path;
    return result(close((int)fi->fh));
}

static int fs_read(const char *path, char *to, size_t n, off_t offset, struct fuse_file_info *fi)
{
    ssize_t r = pread((int)fi->fh, to, n, offset);
    (void)path;
    return r < 0 ? -errno : (int)r;
}

/* ---- names ---- */

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
    bool fresh = !inode_of(path);
    int fd = openat(root, below(path), (fi->flags & ~O_EXCL) | O_CREAT | O_CLOEXEC, mode);
    fi->fh = (uint64_t)fd;
    if (fd >= 0 && fresh)
        log_entry("create", parent_of(path), inode_of_fd(fd), last(path));
    return result(fd);
}

static int fs_mkdir(const char *path, mode_t mode)
{
    int r = mkdirat(root, below(path), mode);
    if (!r)
        log_entry("mkdir", parent_of(path), inode_of(path), last(path));
    return result(r);
}

static int fs_link(const char *from, const char *to)
{
    int r = linkat(root, below(from), root, below(to), 0);
    if (!r)
        log_entry("link", parent_of(to), inode_of(to), last(to));
    return result(r);
}

static int fs_unlink(const char *path)
{
    int r = unlinkat(root, below(path), 0);
    if (!r)
        log_removal("unlink", parent_of(path), last(path));
    return result(r);
}

static int fs_rmdir(const char *path)
{
    int r = unlinkat(root, below(path), AT_REMOVEDIR);
    if (!r)
        log_removal("rmdir", parent_of(path), last(path));
    return result(r);
}

static int fs_rename(const char *from, const char *to, unsigned flags)
{
    int r = renameat2(root, below(from), root, below(to), flags);
    if (!r)
        log_rename(parent_of(from), last(from), parent_of(to), last(to));
    return result(r);
}

/* ---- contents ---- */

static int fs_open(const char *path, struct fuse_file_info *fi)
{
    int fd = openat(root, below(path), fi->flags & ~O_CREAT, 0);
    fi->fh = (uint64_t)fd;
    if (fd >= 0 && (fi->flags & O_TRUNC))
        log_number("truncate", inode_of_fd(fd), 0);
    return result(fd);
}

static int fs_write(const char *path, const char *p, size_t n, off_t offset, struct fuse_file_info *fi)
{
    (void)path;
    if (fi->flags & O_APPEND) /* Linux: pwrite on such a descriptor appends, whatever the offset */
        offset = lseek((int)fi->fh, 0, SEEK_END);
    ssize_t r = pwrite((int)fi->fh, p, n, offset);
    if (r > 0)
        log_write(inode_of_fd((int)fi->fh), offset, p, (size_t)r);
    return r < 0 ? -errno : (int)r;
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
    int fd = fi ? (int)fi->fh : openat(root, below(path), O_WRONLY | O_CLOEXEC);
    int r = fd < 0 ? -1 : ftruncate(fd, size);
    int answer = result(r);
    if (!r)
        log_number("truncate", inode_of_fd(fd), size);
    if (!fi && fd >= 0)
        close(fd);
    return answer;
}

static int fs_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *fi)
{
    int r = fi ? futimens((int)fi->fh, times) : utimensat(root, below(path), times, AT_SYMLINK_NOFOLLOW);
    if (!r && times[1].tv_nsec != UTIME_OMIT)
        log_number("times", fi ? inode_of_fd((int)fi->fh) : inode_of(path), times[1].tv_sec);
    return result(r);
}

/* Modes and owners are never lost: nothing that is promised depends on them. */
static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
    return result(fi ? fchmod((int)fi->fh, mode) : fchmodat(root, below(path), mode, 0));
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *fi)
{
    (void)path;
    (void)data_only;
    log_sync("sync", inode_of_fd((int)fi->fh));
    return 0;
}

static int fs_fsyncdir(const char *path, int data_only, struct fuse_file_info *fi)
{
    (void)path;
    (void)data_only;
    log_sync("syncdir", inode_of_fd((int)fi->fh));
    return 0;
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
    config->use_ino = config->nullpath_ok = config->hard_remove = 1;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    return NULL;
}

static const struct fuse_operations operations = {
    .init = fs_init,
    .getattr = fs_getattr,
    .access = fs_access,
    .statfs = fs_statfs,
    .opendir = fs_opendir,
    .readdir = fs_readdir,
    .releasedir = fs_release,
    .create = fs_create,
    .open = fs_open,
    .release = fs_release,
    .read = fs_read,
    .write = fs_write,
    .truncate = fs_truncate,
    .utimens = fs_utimens,
    .chmod = fs_chmod,
    .mkdir = fs_mkdir,
    .link = fs_link,
    .unlink = fs_unlink,
    .rmdir = fs_rmdir,
    .rename = fs_rename,
    .fsync = fs_fsync,
    .fsyncdir = fs_fsyncdir,
};

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: crash_fs BACKING LOG MOUNTPOINT\n");
        return 64;
    }
    root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || crash_log_open(argv[2])) {
        perror("crash_fs");
        return 1;
    }
    char *arguments[] = {argv[0], "-f", "-s", "-o", "fsname=posthouse-crash", argv[3], NULL};
    umask(0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* which unmounts */
    return fuse_main(6, arguments, &operations, NULL);
}
