/*
 * spawn.c - see spawn.h. A session at each login and a deliverer for each account come this way.
 *
 * The child shares our memory until it executes (as with vfork), which is twice as quick as a copy and stays so when the master has grown:
 * copying its page tables, and copying each page that one of the two touches next, was a third of a login. So between clone and
 * execve nothing may be done that memory remembers: no allocation, no log line, no libc function that keeps a state or a lock (its
 * setresuid does). What goes wrong is written where the parent finds it. We stand still meanwhile; the child runs on a stack
 * of its own.
 *
 * Under AddressSanitizer the child gets a copy after all: the shadow of a stack that is never unwound would stay.
 */
#include "base/spawn.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK (64u << 10)
#ifdef WITH_SANITIZERS
#define SHARED 0
#else
#define SHARED CLONE_VM
#endif

static char **clean_environment(void)
{
    static const char *const kept[] = {
        "TZ",
#ifdef WITH_SANITIZERS
        "ASAN_OPTIONS",
        "UBSAN_OPTIONS",
        "LSAN_OPTIONS",
#endif
    };
    static char *env[4 + ARRAY_LEN(kept)];
    size_t n = 0;
    if (env[0])
        return env;
    env[n++] = (char *)"PATH=/usr/local/bin:/usr/bin:/bin";
    env[n++] = (char *)"LANG=C.UTF-8";
    /* malloc's thread caches hoard what processes that wait have freed */
    env[n++] = (char *)"GLIBC_TUNABLES=glibc.malloc.tcache_count=0";
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = getenv(kept[i]);
        if (value && asprintf(&env[n], "%s=%s", kept[i], value) > 0)
            n++;
    }
    env[n] = NULL;
    return env;
}

/* What parent and child share. */
struct plan {
    const struct spawn *spawn;
    char **environment;
    struct err *failure; /* code 0: none */
};

static int arrange_fds(const int *fds, unsigned n)
{
    int high[SPAWN_FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (unsigned i = 0; i < n; i++) {
        high[i] = fcntl(fds[i] >= 0 ? fds[i] : null, F_DUPFD_CLOEXEC, 32);
        if (high[i] < 0)
            return -1;
    }
    for (unsigned i = 0; i < n; i++)
        if (dup2(high[i], (int)i) < 0)
            return -1;
    return close_range(n, ~0u, 0);
}

static int reset_signals(void)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    return sigaction(SIGPIPE, &normal, NULL) || sigprocmask(SIG_SETMASK, &none, NULL) ? -1 : 0;
}

static int child(void *arg)
{
    const struct plan *plan = arg;
    const struct spawn *s = plan->spawn;
    struct err *e = plan->failure;
    if (arrange_fds(s->fds, s->nfds))
        err_errno(e, errno, "arranging descriptors for %s", s->path);
    else if (s->who && priv_step_down(s->who, e))
        ;
    else if (s->chdir_to && chdir(s->chdir_to) && chdir("/"))
        err_errno(e, errno, "chdir for %s", s->path);
    else if (reset_signals() || execve(s->path, s->argv, plan->environment))
        err_errno(e, errno, "cannot execute %s", s->path);
    _exit(127);
}

pid_t spawn_run(const struct spawn *spawn, struct err *e)
{
    static char stack[STACK] __attribute__((aligned(64)));
    static struct err *failure;
    if (!failure) {
        void *page = mmap(NULL, sizeof *failure, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return err_errno(e, errno, "memory to start %s", spawn->path);
        failure = page;
    }
    *failure = (struct err){0};
    struct plan plan = {.spawn = spawn, .environment = clean_environment(), .failure = failure};
    pid_t pid = clone(child, stack + STACK, SHARED | CLONE_VFORK | SIGCHLD, &plan);
    if (pid < 0)
        return err_errno(e, errno, "cannot start %s", spawn->path);
    if (!failure->code)
        return pid;
    *e = *failure;
    waitpid(pid, NULL, 0);
    return -1;
}
