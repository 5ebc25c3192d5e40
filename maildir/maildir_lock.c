/*
 * maildir_lock.c - see maildir_lock.h.
 *
 * Order: the kernel's lock on the directory first, which dies with its holder, then the dotlock, for other servers and
 * other machines. Released in the opposite order. So a dotlock of ours that is met by who holds the kernel's lock has no
 * holder any more, and is taken over at once, whatever process bears its pid by now. Ours are told from others by the LF
 * behind "pid:host" (which Dovecot reads over, and does not write).
 *
 * A dotlock of others is taken over when it is older than 120 s (30 s for subscriptions), or older than 2 s while its
 * pid on this host is dead. An empty one counts as dead: its maker was killed between making and writing it, which
 * lie microseconds apart. Before taking over, what its holder left is synced, and the file is looked at once more: it must
 * still be the same one.
 */
#include "maildir/maildir_lock.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "maildir/maildir_name.h"
#include "maildir/maildir_sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define WAIT_MS       122000
#define STALE_S       120
#define STALE_SHORT_S 30
#define DEAD_S        2
#define REFRESH_S     10
#define POLL_FIRST_US 100
#define POLL_MAX_US                                                                                          \
    1000 /* the kernel has no queue for who cannot block: the longer the pause, the later the turn */

static uint64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void pause_for(useconds_t *us)
{
    usleep(*us);
    if (*us < POLL_MAX_US)
        *us *= 2;
}

static int take_kernel_lock(int dir_fd, uint64_t deadline, struct err *e)
{
    useconds_t us = POLL_FIRST_US;
    while (flock(dir_fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(e, errno, "locking the folder");
        if (now_ms() > deadline)
            return err_set(e, ERR_BUSY, "the folder has been locked by another session for two minutes");
        pause_for(&us);
    }
    return 0;
}

enum holder { HOLDER_UNKNOWN, HOLDER_DEAD, HOLDER_OURS };

/* Who wrote "pid:host" into the dotlock? */
static enum holder read_holder(int dir_fd, const char *name)
{
    char text[128] = "";
    AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return n == 0 ? HOLDER_DEAD : HOLDER_UNKNOWN;
    AUTO_STRBUF struct strbuf host = STRBUF_INIT(128);
    maildir_name_host(&host);
    bool ours = text[n - 1] == '\n';
    text[n - ours] = '\0';
    char *colon = strchr(text, ':');
    if (!colon || strcmp(colon + 1, host.data))
        return HOLDER_UNKNOWN;
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    return ours ? HOLDER_OURS : pid > 0 && kill(pid, 0) && errno == ESRCH ? HOLDER_DEAD : HOLDER_UNKNOWN;
}

static bool is_stale(int dir_fd, const char *name, time_t age)
{
    time_t stale = !strcmp(name, MAILDIR_SUBSCRIPTIONS_LOCK) ? STALE_SHORT_S : STALE_S;
    enum holder holder = read_holder(dir_fd, name);
    return age >= stale || holder == HOLDER_OURS || (holder == HOLDER_DEAD && age >= DEAD_S);
}

/* What the dead holder changed is seen by all and may not be durable: others build on it, and acknowledge. */
static void sync_left_behind(int dir_fd)
{
    static const char *const names[] = {
        "dovecot-uidlist", "dovecot-keywords", SIDECAR_FILE, "subscriptions", "new", "cur", "."};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_CLOSE int fd = openat(dir_fd, names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0)
            fsync(fd);
    }
}

static void take_over_if_stale(int dir_fd, const char *name)
{
    struct stat st, again;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !is_stale(dir_fd, name, time(NULL) - st.st_mtime))
        return;
    sync_left_behind(dir_fd);
    if (!fstatat(dir_fd, name, &again, AT_SYMLINK_NOFOLLOW) && again.st_ino == st.st_ino &&
        again.st_mtime == st.st_mtime)
        unlinkat(dir_fd, name, 0);
}

static bool is_lack_of_room(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EROFS || errnum == EACCES || errnum == EPERM;
}

static int make_dotlock(int dir_fd, const char *name)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(128);
    strbuf_addf(&text, "%d:", (int)getpid());
    maildir_name_host(&text);
    strbuf_addc(&text, '\n');
    AUTO_CLOSE int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    if (!fs_write_all(fd, text.data, text.len))
        return 0;
    int saved = errno;
    unlinkat(dir_fd, name, 0);
    errno = saved;
    return -1;
}

static int take_dotlock(struct maildir_lock *lock, const char *name, bool may_lack, uint64_t deadline,
                        struct err *e)
{
    useconds_t us = POLL_FIRST_US;
    while (make_dotlock(lock->dir_fd, name)) {
        if (is_lack_of_room(errno) && may_lack)
            return 0;
        if (errno != EEXIST)
            return err_errno(e, errno, "cannot make the lock file %s", name);
        take_over_if_stale(lock->dir_fd, name);
        if (now_ms() > deadline)
            return err_set(e, ERR_BUSY, "the lock file %s has been held by another program for two minutes",
                           name);
        pause_for(&us);
    }
    lock->name = name;
    lock->refreshed = time(NULL);
    return 0;
}

int maildir_lock_take(struct maildir_lock *lock, int dir_fd, const char *name, bool may_lack_dotlock,
                      struct err *e)
{
    uint64_t deadline = now_ms() + WAIT_MS;
    *lock = (struct maildir_lock)MAILDIR_LOCK_INIT;
    if (take_kernel_lock(dir_fd, deadline, e))
        return -1;
    lock->dir_fd = dir_fd;
    if (!take_dotlock(lock, name, may_lack_dotlock, deadline, e))
        return 0;
    maildir_lock_release(lock);
    return -1;
}

void maildir_lock_refresh(struct maildir_lock *lock)
{
    time_t now = time(NULL);
    if (!lock->name || now - lock->refreshed < REFRESH_S)
        return;
    lock->refreshed = now;
    AUTO_CLOSE int fd = openat(lock->dir_fd, lock->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC); /* utimensat by name: base/confine.h */
    if (fd >= 0)
        futimens(fd, NULL);
}

void maildir_lock_release(struct maildir_lock *lock)
{
    if (lock->dir_fd < 0)
        return;
    if (lock->name)
        unlinkat(lock->dir_fd, lock->name, 0);
    flock(lock->dir_fd, LOCK_UN);
    lock->dir_fd = -1;
    lock->name = NULL;
}
