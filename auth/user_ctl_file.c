/*
 * user_ctl_file.c - a passwd-file that is changed while others read it.
 *
 *   1 lock the file itself (flock); if its name means another file by now, begin again
 *   2 read it
 *   3 write .NAME.new beside it, with the owner and mode of the old one; sync
 *   4 rename it over the old one: readers see the old or the new, whoever waited for the lock finds the name changed
 *   5 sync the directory
 * A crash leaves the old file or the new one, and at worst .NAME.new, which the next change replaces.
 */
#include "auth/user_ctl.h"

#include "auth/passwd_path.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { NEW_MODE = 0600, LOCK_TRIES = 1000 };

void user_file_done(struct user_file *f)
{
    free(f->path);
    cleanup_close(&f->fd);
    cleanup_close(&f->dirfd);
    strbuf_done_secret(&f->text);
}

/* Links are followed once, here: what is replaced is the file, not the link. */
static int resolve(struct user_file *f, const char *wanted, bool make, struct err *e)
{
    f->path = realpath(wanted, NULL);
    if (!f->path && errno == ENOENT && make) {
        AUTO_FREE char *copy = xstrdup(wanted);
        if (fs_mkdirs(AT_FDCWD, dirname(copy), 0755) != 0)
            return err_errno(e, errno, "cannot make the directory of %s", wanted);
        f->path = xstrdup(wanted);
    } else if (!f->path) {
        return err_errno(e, errno, "%s", wanted);
    }
    AUTO_FREE char *copy = xstrdup(f->path);
    f->dirfd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dirfd < 0 ? err_errno(e, errno, "cannot open the directory of %s", f->path) : 0;
}

/* 1: locked. 0: it was replaced meanwhile. */
static int lock_once(struct user_file *f, bool make, struct err *e)
{
    struct stat ours, named;
    f->fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0), NEW_MODE);
    if (f->fd < 0 || fstat(f->fd, &ours) != 0)
        return err_errno(e, errno, "cannot open %s", f->path);
    if (!S_ISREG(ours.st_mode))
        return err_set(e, ERR_INVALID, "%s is not a regular file", f->path);
    if (flock(f->fd, LOCK_EX) != 0)
        return err_errno(e, errno, "cannot lock %s", f->path);
    f->uid = ours.st_uid;
    f->gid = ours.st_gid;
    f->mode = ours.st_mode & 07777;
    if (stat(f->path, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev)
        return 1;
    close(TAKE_FD(f->fd));
    return 0;
}

static int read_text(struct user_file *f, struct err *e)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return err_errno(e, errno, "cannot read %s", f->path);
    if (st.st_size > PASSWD_FILE_MAX)
        return err_set(e, ERR_LIMIT, "%s is larger than %d bytes", f->path, PASSWD_FILE_MAX);
    char *room = st.st_size ? strbuf_room(&f->text, (size_t)st.st_size) : NULL;
    ssize_t n = room ? fs_pread_all(f->fd, room, (size_t)st.st_size, 0) : 0;
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", f->path);
    strbuf_extend(&f->text, (size_t)n);
    return 0;
}

int user_file_open(struct user_ctl *ctl, const char *path, bool make, struct user_file *f, struct err *e)
{
    AUTO_FREE char *wanted = path ? xstrdup(path) : passwd_path_of(ctl->path, bytes_of(ctl->name));
    *f = (struct user_file){.fd = -1, .dirfd = -1};
    strbuf_init(&f->text, PASSWD_FILE_MAX);
    if (!wanted)
        return err_set(e, ERR_INVALID, "%s has no domain, which %s asks for", ctl->name, ctl->path);
    int locked = resolve(f, wanted, make, e);
    for (int i = 0; locked == 0 && i < LOCK_TRIES; i++)
        locked = lock_once(f, make, e);
    if (locked == 0)
        return err_set(e, ERR_BUSY, "%s is replaced all the time", f->path);
    return locked < 0 ? -1 : read_text(f, e);
}

static int write_new(struct user_file *f, const char *name, struct bytes text, struct err *e)
{
    if (unlinkat(f->dirfd, name, 0) != 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove the stale %s", name);
    AUTO_CLOSE int fd = openat(f->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ours = geteuid() != 0; /* nothing to give away */
    if (fd < 0 || (!ours && fchown(fd, f->uid, f->gid) != 0) || fchmod(fd, f->mode) != 0 ||
        fs_write_all(fd, text.p, text.n) != 0 || fsync(fd) != 0)
        return err_errno(e, errno, "cannot write %s beside %s", name, f->path);
    return 0;
}

int user_file_replace(struct user_file *f, struct bytes text, struct err *e)
{
    AUTO_STRBUF struct strbuf fresh = STRBUF_INIT(NAME_MAX);
    AUTO_FREE char *copy = xstrdup(f->path);
    const char *name = basename(copy);
    strbuf_addf(&fresh, ".%s.new", name);
    if (text.n > PASSWD_FILE_MAX || fresh.overflow)
        return err_set(e, ERR_LIMIT, "%s would be larger than %d bytes", f->path, PASSWD_FILE_MAX);
    int status = write_new(f, fresh.data, text, e);
    if (status == 0 && renameat(f->dirfd, fresh.data, f->dirfd, name) != 0)
        status = err_errno(e, errno, "cannot rename %s to %s", fresh.data, f->path);
    if (status != 0)
        unlinkat(f->dirfd, fresh.data, 0);
    else if (fs_sync_dir(f->dirfd) != 0)
        status = err_errno(e, errno, "cannot sync the directory of %s", f->path);
    return status;
}

int user_file_edit(struct user_ctl *ctl, const char *path, bool make, user_edit_fn *fn, struct err *e)
{
    struct user_file f;
    struct strbuf out = STRBUF_INIT(PASSWD_FILE_MAX + 2 * PASSWD_LINE_MAX);
    int status = user_file_open(ctl, path, make, &f, e);
    if (status == 0)
        status = fn(ctl, strbuf_bytes(&f.text), &out, e);
    if (status == 0)
        status = user_file_replace(&f, strbuf_bytes(&out), e);
    strbuf_done_secret(&out);
    user_file_done(&f);
    return status;
}
