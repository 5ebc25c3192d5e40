/*
 * drop_main.c - posthouse-drop DIRECTORY: puts standard input into the drop directory, durable. Set-gid posthouse-drop; executed by sendmail
 * when the queue does not run.
 *
 * Its caller is anybody, and chooses its arguments, its environment, its descriptors and its limits. So it knows no option, asks the
 * environment nothing, parses nothing, and writes nowhere but into a directory of that group's which nobody can list: the group may only
 * make and rename files there (0730), and has no members. A file belongs to its caller, which is how the queue learns whose it is; it is
 * renamed from t... to d... when it is complete, so a half one is never taken. What is in it the queue looks at (queue_drop.c).
 *
 * The directory cannot be opened for a sync by this group: the file system is synced instead, once for a message that comes while the relay is
 * down.
 */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define DROP_MAX (1u << 30) /* octets; the queue's own limit is lower */
#define CHUNK    65536

static int failed(const char *what)
{
    fprintf(stderr, "sendmail: the drop directory: %s: %m\n", what);
    return -1;
}

/* Somebody else's directory of our group's is none of ours. */
static int open_directory(const char *path)
{
    struct stat st;
    AUTO_CLOSE int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st))
        return failed(path);
    if (getegid() != getgid() && (st.st_gid != getegid() || (st.st_mode & 07777) != 0730)) {
        fprintf(stderr,
                "sendmail: %s is no drop directory: it must have the group of posthouse-drop and mode 0730\n",
                path);
        return -1;
    }
    return TAKE_FD(dir);
}

static int new_name(char *name, size_t size, char first)
{
    unsigned long long random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return failed("no random numbers");
    snprintf(name, size, "%c%llx.%016llx%016llx", first, (unsigned long long)time(NULL), random[0],
             random[1]);
    return 0;
}

static int copy(int to)
{
    static char buf[CHUNK];
    uint64_t size = 0;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        size += n > 0 ? (uint64_t)n : 0;
        if (n < 0 || size > DROP_MAX || fs_write_all(to, buf, (size_t)n))
            return -1;
    }
}

static int drop(int dir)
{
    char name[64];
    if (new_name(name, sizeof name, 't'))
        return -1;
    AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return failed("no file can be made there");
    char final[sizeof name];
    snprintf(final, sizeof final, "%s", name);
    final[0] = 'd';
    if (copy(fd) || fchmod(fd, 0644) || fsync(fd) || renameat(dir, name, dir, final)) {
        int error = errno;
        unlinkat(dir, name, 0);
        errno = error;
        return failed("the message cannot be written");
    }
    if (!syncfs(fd))
        return 0;
    unlinkat(dir, final, 0);
    return failed("the message cannot be synced");
}

static int serve(int argc, char **argv)
{
    static const int deaf[] = {SIGXFSZ, SIGPIPE, SIGHUP, SIGINT, SIGTERM};
    if (argc != 2 || argv[1][0] != '/') {
        fputs("sendmail: posthouse-drop is called by sendmail, with a directory\n", stderr);
        return EX_USAGE;
    }
    for (size_t i = 0; i < ARRAY_LEN(deaf); i++)
        signal(deaf[i], SIG_IGN);
    umask(022);
    AUTO_CLOSE int dir = open_directory(argv[1]);
    return dir < 0 || drop(dir) ? EX_TEMPFAIL : EX_OK;
}

/* Nothing of exit's, a sanitizer's tracing least, runs under another group. */
int main(int argc, char **argv)
{
    _exit(serve(argc, argv));
}
