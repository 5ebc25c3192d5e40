/*
 * sandbox.c - the system-call filters: two lists, one for each profile. See sandbox.h.
 *
 * The lists name what glibc, GnuTLS and our loop really use. socket(2) is allowed for AF_UNIX only: accepted
 * connections are all the Internet that these processes get.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/sandbox.h"

#ifdef WITH_SANITIZERS

int sandbox_enter(enum sandbox_profile profile, struct err *e)
{
    (void)profile;
    (void)e;
    return 0;
}

#else

#include "base/cleanup.h"

#include <seccomp.h>
#include <sys/socket.h>

static const int common_calls[] = {
    SCMP_SYS(accept4),       SCMP_SYS(brk),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_getres),  SCMP_SYS(close),
    SCMP_SYS(connect),       SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),     SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait),    SCMP_SYS(exit),
    SCMP_SYS(exit_group),    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),         SCMP_SYS(newfstatat),
    SCMP_SYS(futex),         SCMP_SYS(getpeername),
    SCMP_SYS(getpid),        SCMP_SYS(getrandom),
    SCMP_SYS(getsockname),   SCMP_SYS(getsockopt),
    SCMP_SYS(gettid),        SCMP_SYS(gettimeofday),
    SCMP_SYS(getuid),        SCMP_SYS(geteuid),
    SCMP_SYS(lseek),         SCMP_SYS(madvise),
    SCMP_SYS(mmap),          SCMP_SYS(mremap),
    SCMP_SYS(munmap),        SCMP_SYS(mprotect),
    SCMP_SYS(nanosleep),     SCMP_SYS(poll),
    SCMP_SYS(ppoll),         SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),      SCMP_SYS(read),
    SCMP_SYS(readv),         SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),       SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(sched_yield),
    SCMP_SYS(sendmsg),       SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),    SCMP_SYS(shutdown),
    SCMP_SYS(sigaltstack),   SCMP_SYS(signalfd4),
    SCMP_SYS(socketpair),    SCMP_SYS(time),
    SCMP_SYS(uname),         SCMP_SYS(write),
    SCMP_SYS(writev),        SCMP_SYS(getrusage),
    SCMP_SYS(prlimit64),     SCMP_SYS(sysinfo), /* qsort of more than a kilobyte */
};

/* Threads for password hashes, and nothing else more. */
static const int auth_calls[] = {
    SCMP_SYS(clone), SCMP_SYS(clone3),          SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),  SCMP_SYS(tgkill),          SCMP_SYS(getresuid),
    SCMP_SYS(dup),   SCMP_SYS(set_tid_address), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(ftruncate), /* of the file of bans */
};

static int allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0))
            return -1;
    return 0;
}

static int build(scmp_filter_ctx ctx, enum sandbox_profile profile)
{
    if (allow(ctx, common_calls, ARRAY_LEN(common_calls)))
        return -1;
    if (profile == SANDBOX_AUTH && allow(ctx, auth_calls, ARRAY_LEN(auth_calls)))
        return -1;
    /* glibc tries to open things now and then (zone files, charsets): refused, not fatal */
    if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(2), SCMP_SYS(openat), 0) ||
        seccomp_rule_add(ctx, SCMP_ACT_ERRNO(2), SCMP_SYS(open), 0) ||
        seccomp_rule_add(ctx, SCMP_ACT_ERRNO(25), SCMP_SYS(ioctl), 0))
        return -1;
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
}

int sandbox_enter(enum sandbox_profile profile, struct err *e)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return err_set(e, ERR_INTERNAL, "seccomp_init failed");
    int r = build(ctx, profile);
    if (!r)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    return r ? err_set(e, ERR_INTERNAL, "the system-call filter could not be installed (seccomp)") : 0;
}

#endif
