/*
 * authd_workers.c - see authd_workers.h. The name and the password go from auth to the worker over a socket
 * pair whose ends we hand out and close: they never pass through here.
 */
#include "auth/authd_workers.h"

#include "auth/auth_proto.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct worker {
    pid_t pid; /* 0: free */
    uint64_t ends;
};

static struct worker workers[WORKERS_MAX];

/* Wanted while all are busy: a worker that has given its verdict is only gone when it has been reaped. */
static uint32_t wanted[WORKERS_MAX];
static size_t nwanted;

static struct worker *worker_of(pid_t pid)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (workers[i].pid == pid)
            return &workers[i];
    return NULL;
}

/* auth's end of the pair, or -1. */
static int spawn(struct master *m)
{
    static const char program[] = "posthouse-pam";
    char *const argv[] = {(char *)program, NULL};
    struct worker *w = worker_of(0);
    struct err e;
    int pair[2];
    if (!w)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_error("socketpair: %m");
        return -1;
    }
    AUTO_CLOSE int ours = pair[0];
    AUTO_CLOSE int theirs = pair[1];
    pid_t pid = master_spawn(m, argv, NULL, NULL, &theirs, 1, &e);
    if (pid < 0) {
        log_error("%s", e.text);
        return -1;
    }
    *w = (struct worker){pid, loop_now(master_loop(m)) + WORKER_LIFE_MS};
    return TAKE_FD(ours);
}

/* -1 is a refusal. */
static void answer(struct master *m, uint32_t id, int fd)
{
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_WORKER, .id = id};
    auth_record_write(&r, &msg);
    if (fd >= 0)
        msg_put_fd(&msg, fd);
    master_broadcast(m, "posthouse-auth", &msg);
}

static void start(struct master *m, uint32_t id)
{
    AUTO_CLOSE int fd = spawn(m);
    answer(m, id, fd);
}

void workers_want(struct master *m, uint32_t id)
{
    if (worker_of(0)) {
        start(m, id);
    } else if (nwanted < WORKERS_MAX) {
        wanted[nwanted++] = id;
    } else {
        log_warn("%d PAM workers are busy and as many wanted: no more for now", WORKERS_MAX);
        answer(m, id, -1);
    }
}

void workers_forget(void)
{
    nwanted = 0;
}

void workers_reaped(struct master *m, pid_t pid, int status)
{
    struct worker *w = worker_of(pid);
    if (!w)
        return;
    *w = (struct worker){0};
    if (WIFSIGNALED(status))
        log_warn("a PAM worker was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (nwanted == 0)
        return;
    uint32_t id = wanted[0];
    memmove(&wanted[0], &wanted[1], --nwanted * sizeof(wanted[0]));
    start(m, id);
}

void workers_tick(struct master *m)
{
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (workers[i].pid && workers[i].ends < loop_now(master_loop(m)))
            kill(workers[i].pid, SIGKILL);
}

bool workers_stop(void)
{
    bool none = true;
    nwanted = 0;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        if (!workers[i].pid)
            continue;
        none = false;
        kill(workers[i].pid, SIGTERM);
    }
    return none;
}
