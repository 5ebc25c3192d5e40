/*
 * confine_test.c - a process that is confined to one directory, beside another directory and another process of the same uid. As on Debian 12,
 * whose kernel has version 2 of Landlock, and as on this kernel.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/confine.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRY_UID 61990 /* in place of root */

static pid_t neighbour;

/* In the directory: own/ and other/, each with a file; and a process of the same uid. */
static void prepare(void)
{
    ck_assert(!mkdir("own", 0700) && !mkdir("other", 0700) && !mkdir("own/cur", 0700) &&
              !mkdir("own/new", 0700));
    close(open("own/file", O_CREAT | O_WRONLY, 0600));
    close(open("other/file", O_CREAT | O_WRONLY, 0600));
    neighbour = fork();
    if (!neighbour) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_DUMPABLE, 1); /* that it changed its uid has cleared it */
        pause();
        _exit(0);
    }
}

/* ---- a neighbour's ---- */

static const struct rlimit few = {10, 10};

#define TRY(name, expression)                                                                                \
    static long name(void)                                                                                   \
    {                                                                                                        \
        return (expression);                                                                                 \
    }

TRY(read_it, open("other/file", O_RDONLY))
TRY(empty_it, open("other/file", O_WRONLY | O_TRUNC))
TRY(write_it, open("other/file", O_WRONLY))
TRY(plant, open("other/new", O_CREAT | O_WRONLY, 0600))
TRY(list, open("other", O_RDONLY | O_DIRECTORY))
TRY(climb, open("own/../other/file", O_RDONLY))
TRY(change_mode, chmod("other/file", 0666))
TRY(change_mode_at, fchmodat(AT_FDCWD, "other/file", 0666, 0))
TRY(lock_out, chmod("other", 0))
TRY(change_owner, chown("other/file", getuid(), getgid()))
TRY(cut_off, truncate("other/file", 5))
TRY(touch, utimensat(AT_FDCWD, "other/file", NULL, 0))
TRY(steal, rename("other/file", "own/stolen"))
TRY(move_there, rename("own/file", "other/planted"))
TRY(link_from, link("other/file", "own/stolen"))
TRY(link_there, link("own/file", "other/planted"))
TRY(remove_it, unlink("other/file"))
TRY(make_directory, mkdir("other/directory", 0700))
TRY(lead_out, symlink("../other/file", "own/link"))
TRY(make_fifo, mknod("own/fifo", S_IFIFO | 0600, 0))
TRY(watch, inotify_add_watch(inotify_init1(0), "other", IN_ALL_EVENTS))
TRY(end_it, kill(neighbour, SIGTERM))
TRY(queue_signal, sigqueue(neighbour, SIGTERM, (union sigval){0}))
TRY(trace, ptrace(PTRACE_SEIZE, neighbour, NULL, NULL))
TRY(limit_it, prlimit(neighbour, RLIMIT_NOFILE, &few, NULL))
TRY(slow_it, setpriority(PRIO_PROCESS, (id_t)neighbour, 19))
TRY(make_socket, socket(AF_UNIX, SOCK_STREAM, 0))
TRY(read_system, open("/etc/passwd", O_RDONLY))
TRY(read_process, open("/proc/1/cmdline", O_RDONLY))

static const struct {
    const char *name;
    long (*try)(void);
} forbidden[] = {
    {"read", read_it},
    {"open with O_TRUNC", empty_it},
    {"write", write_it},
    {"create", plant},
    {"list", list},
    {"read by ..", climb},
    {"chmod", change_mode},
    {"fchmodat", change_mode_at},
    {"chmod of the directory", lock_out},
    {"chown", change_owner},
    {"truncate", cut_off},
    {"utimensat", touch},
    {"rename from", steal},
    {"rename to", move_there},
    {"link from", link_from},
    {"link to", link_there},
    {"unlink", remove_it},
    {"mkdir", make_directory},
    {"symlink", lead_out},
    {"mknod", make_fifo},
    {"inotify", watch},
    {"kill", end_it},
    {"sigqueue", queue_signal},
    {"ptrace", trace},
    {"prlimit", limit_it},
    {"setpriority", slow_it},
    {"socket", make_socket},
    {"read of /etc", read_system},
    {"read of /proc", read_process},
};

/* ---- one's own ---- */

static void *thread(void *arg)
{
    return arg;
}

/* The number of the first thing that does not work, or 0. */
static int try_own(void)
{
    struct stat st;
    pthread_t t;
    char path[40];
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    int file = open("own/file", O_RDWR), dir = open("own/cur", O_RDONLY | O_DIRECTORY);
    int temporary = open("own", O_TMPFILE | O_WRONLY, 0600);
    iconv_t cd = iconv_open("utf-8", "iso-2022-jp");
    snprintf(path, sizeof path, "/proc/self/fd/%d", temporary);
    const bool fine[] = {
        /* 1 */ file >= 0 && dir >= 0,
        /* 2 */ write(file, "x", 1) == 1 && !ftruncate(file, 0) && !fsync(file),
        /* 3 */ !fchmod(file, 0640) && !futimens(file, times),
        /* 4 */ !rename("own/file", "own/new/file") && !rename("own/new/file", "own/cur/file"),
        /* 5 */ !link("own/cur/file", "own/file"),
        /* 6 */ !unlink("own/cur/file"),
        /* 7 */ !mkdir("own/sub", 0700) && !rename("own/sub", "own/other") && !rmdir("own/other"),
        /* 8 */ temporary >= 0 && !linkat(AT_FDCWD, path, AT_FDCWD, "own/made", AT_SYMLINK_FOLLOW),
        /* 9 */ !stat("own/made", &st),
        /* 10 */ cd != (iconv_t)-1,
        /* 11 */ !pthread_create(&t, NULL, thread, NULL) && !pthread_join(t, NULL),
        /* 12 */ !kill(neighbour, 0),
        /* 13 */ open("/proc/sys/kernel/random/boot_id", O_RDONLY) >= 0,
        /* 14 */ memfd_create("x", 0) >= 0,
        /* 15 */ !raise(SIGCONT),
    };
    for (int i = 0; i < (int)(sizeof fine / sizeof *fine); i++)
        if (!fine[i])
            return i + 1;
    return 0;
}

/* ---- playing it ---- */

enum { FREE = -1, ANY = 0, DEBIAN_12 = 2, FAILED = 100 };

/* In a process of its own, in a new directory, with Landlock up to that version (FREE: not confined at all): what `what` makes of `arg`. */
static int play(int version, int (*what)(int arg), int arg)
{
    char root[] = "/tmp/confine_test.XXXXXX", own[64], command[64];
    int status;
    struct err e;
    ck_assert(mkdtemp(root) && (getuid() || !chown(root, TRY_UID, TRY_UID)));
    pid_t pid = fork();
    if (!pid) {
        if ((getuid() == 0 && (setgid(TRY_UID) || setuid(TRY_UID))) || chdir(root))
            _exit(FAILED);
        prepare();
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        snprintf(own, sizeof own, "%s/own", root);
        if (version != FREE && confine(own, version, &e) < 0)
            _exit(FAILED);
        _exit(what(arg));
    }
    waitpid(pid, &status, 0);
    snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -rf %s", root, root);
    ck_assert(!system(command));
    return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

static int try_one(int i)
{
    return forbidden[i].try() >= 0;
}

static int try_all_own(int arg)
{
    (void)arg;
    return try_own();
}

static bool can_be_tried(void)
{
#ifdef WITH_SANITIZERS
    return false;
#else
    return confine_landlock() >= DEBIAN_12;
#endif
}

START_TEST(what_is_a_neighbours_cannot_be_touched)
{
    for (int i = 0; can_be_tried() && i < (int)(sizeof forbidden / sizeof *forbidden); i++) {
        bool yama = forbidden[i].try == trace; /* may forbid it to all */
        ck_assert_msg(yama || play(FREE, try_one, i) == 1, "%s is no test: nobody may do it",
                      forbidden[i].name);
        ck_assert_msg(play(DEBIAN_12, try_one, i) == 0, "%s was possible as on Debian 12", forbidden[i].name);
        ck_assert_msg(play(ANY, try_one, i) == 0, "%s was possible", forbidden[i].name);
    }
}
END_TEST

START_TEST(what_is_its_own_works_as_ever)
{
    for (int version = can_be_tried() ? FREE : 100; version <= DEBIAN_12; version++)
        if (version != 1)
            ck_assert_int_eq(play(version, try_all_own, 0), 0);
}
END_TEST

static int start_program(int arg)
{
    (void)arg;
    execl("/bin/true", "true", NULL);
    return errno == EPERM ? 0 : 1;
}

START_TEST(no_program_is_started)
{
    if (can_be_tried())
        ck_assert_int_eq(play(ANY, start_program, 0), 0);
}
END_TEST

UNIT_MAIN("confine", what_is_a_neighbours_cannot_be_touched, what_is_its_own_works_as_ever,
          no_program_is_started)
