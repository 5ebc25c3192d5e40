/*
 * fs.h - files done right: whole writes, syncs, atomic replacement, locks.
 *
 * All paths are relative to a directory descriptor, so that nobody swaps a directory under us.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/err.h"
#include "base/strbuf.h"

#include <sys/types.h>

/* Write all n bytes, over EINTR and short writes. 0 or -1 with errno. */
int fs_write_all(int fd, const void *p, size_t n);
/* Read up to n bytes at offset, over EINTR and short reads; the number read (less than n only at the end of
 * the file) or -1 with errno. */
ssize_t fs_pread_all(int fd, void *p, size_t n, off_t offset);
/* Read a whole file of at most sb->max bytes (ERR_LIMIT if longer) into sb, appended. Opens with O_NOFOLLOW,
 * O_NONBLOCK and refuses what is not a regular file. */
int fs_read_file(int dirfd, const char *name, struct strbuf *sb, struct err *e);
/* Sync n files: the writing of all is begun before the first is waited for, so that they share commits of the journal.
 * 0 or -1 with errno; then some may not be durable. */
int fs_sync_files(const int *fds, size_t n);
/* Sync a directory, so that the names in it are durable. 0 or -1 with errno. */
int fs_sync_dir(int dirfd);
/* Replace the file `name` by these bytes: temporary file `tmpname` in the same directory, write, fsync, rename,
 * and with sync_dir sync the directory. A failure leaves the old file whole and no temporary file. */
int fs_replace(int dirfd, const char *name, const char *tmpname, struct bytes content, mode_t mode,
               bool sync_dir, struct err *e);
/* Rename without replacing anything: EEXIST if there is something of that name (on file systems without RENAME_NOREPLACE
 * it is looked for first, which leaves a gap). 0 or -1 with errno. */
int fs_rename_new(int from_dirfd, const char *from, int to_dirfd, const char *to);
/* mkdir -p below dirfd, each new directory with this mode. 0 or -1 with errno. */
int fs_mkdirs(int dirfd, const char *path, mode_t mode);
/* FD_CLOEXEC and O_NONBLOCK, on or off. */
int fs_set_nonblock(int fd, bool on);
int fs_set_cloexec(int fd, bool on);

#endif
