/*
 * crash_inject.c - run a program and do something to it at its n-th system call, by ptrace.
 *
 *   crash_inject kill N -- PROGRAM ...     kill it before the n-th call takes effect (= after the one before)
 *   crash_inject error N ERRNO -- ...      the n-th call is not made and fails with ERRNO (close is made, and fails)
 *   crash_inject short N -- ...            the n-th call, a write, is cut to half of its length
 *
 * Counted are, with one counter over all threads and children, the calls between the lines "begin" and "end" that the
 * program writes to descriptor 3; its writes there are not counted, and neither are calls that cannot fail (exit, return from a
 * signal). On standard output: "hit NUMBER" (the system call's number) when the n-th call came, or "calls COUNT" when there were
 * fewer; then "exit STATUS" or "signal NUMBER".
 *
 * A kill at the entry of a call is a kill after the call before it: what is on the disk depends on the calls made so far, and on
 * nothing that the program does between two of them.
 */
#include <stdio.h>

#if defined __x86_64__
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACK_FD   3
#define TASK_MAX 4096 /* pids modulo this: who is between entry and exit of a call that was failed */

enum what { KILL, ERROR, SHORT };

struct job {
    enum what what;
    long n;
    int error;
    long count;
    bool counting, hit;
    pid_t main_pid;
    int status;
    bool failing[TASK_MAX]; /* this task's call is to return `error` */
};

static void set_call(pid_t pid, long number, bool set_length, unsigned long length)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    regs.orig_rax = (unsigned long)number;
    if (set_length)
        regs.rdx = length;
    ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void set_result(pid_t pid, long result)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    regs.rax = (unsigned long)result;
    ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static struct user_regs_struct call_of(pid_t pid)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    return regs;
}
#define CALL_NUMBER(c) ((long)(c).orig_rax)
#define CALL_FD(c)     ((int)(c).rdi)
#define CALL_BUFFER(c) ((c).rsi)
#define CALL_LENGTH(c) ((c).rdx)

/* "begin" and "end" switch the counter. */
static void read_mark(struct job *job, pid_t pid, unsigned long address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, pid, (void *)address, NULL);
    if (!memcmp(&word, "begin\n", 6))
        job->counting = true;
    else if (!memcmp(&word, "end\n", 4))
        job->counting = false;
}

static bool is_write(long number)
{
    return number == SYS_write || number == SYS_pwrite64;
}

static void do_it(struct job *job, pid_t pid, long number, unsigned long length)
{
    job->hit = true;
    printf("hit %ld\n", number);
    if (job->what == KILL) {
        set_call(pid, -1, false, 0);
        kill(job->main_pid, SIGKILL);
    } else if (job->what == SHORT && is_write(number) && length > 1) {
        set_call(pid, number, true, length / 2);
    } else if (job->what == ERROR) {
        if (number != SYS_close)
            set_call(pid, -1, false, 0);
        job->failing[pid % TASK_MAX] = true;
    }
}

static void on_entry(struct job *job, pid_t pid)
{
    struct user_regs_struct c = call_of(pid);
    long number = CALL_NUMBER(c);
    if (is_write(number) && CALL_FD(c) == ACK_FD) {
        read_mark(job, pid, CALL_BUFFER(c));
        return;
    }
    if (!job->counting || number == SYS_exit || number == SYS_exit_group || number == SYS_rt_sigreturn)
        return;
    if (++job->count == job->n)
        do_it(job, pid, number, CALL_LENGTH(c));
}

static void on_stop(struct job *job, pid_t pid, int signal_number)
{
    struct __ptrace_syscall_info info;
    if (signal_number != (SIGTRAP | 0x80)) { /* a new thread's first stop, an event, or a signal to pass on */
        bool own = signal_number == SIGTRAP || signal_number == SIGSTOP;
        ptrace(PTRACE_SYSCALL, pid, NULL, own ? 0 : signal_number);
        return;
    }
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        on_entry(job, pid);
    } else if (job->failing[pid % TASK_MAX]) {
        job->failing[pid % TASK_MAX] = false;
        set_result(pid, -job->error);
    }
    ptrace(PTRACE_SYSCALL, pid, NULL, 0);
}

static void trace(struct job *job)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status))
            on_stop(job, pid, WSTOPSIG(status));
        else if (pid == job->main_pid)
            job->status = status;
    }
}

static void start(struct job *job, char **argv)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    job->main_pid = fork();
    if (!job->main_pid) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execv(argv[0], argv);
        _exit(127);
    }
    int status;
    waitpid(job->main_pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, job->main_pid, NULL, options);
    ptrace(PTRACE_SYSCALL, job->main_pid, NULL, 0);
}

static int usage(void)
{
    fprintf(stderr, "usage: crash_inject kill N | error N ERRNO | short N -- PROGRAM ...\n");
    return 64;
}

int main(int argc, char **argv)
{
    static const char *const words[] = {[KILL] = "kill", [ERROR] = "error", [SHORT] = "short"};
    struct job job = {.status = 0};
    int at = 3;
    while (argc > 3 && job.what <= SHORT && strcmp(argv[1], words[job.what]))
        job.what++;
    if (argc < 5 || job.what > SHORT)
        return usage();
    job.n = atol(argv[2]);
    if (job.what == ERROR)
        job.error = atoi(argv[at++]);
    if (at + 1 >= argc || strcmp(argv[at], "--"))
        return usage();
    start(&job, argv + at + 1);
    trace(&job);
    if (!job.hit)
        printf("calls %ld\n", job.count);
    printf(WIFSIGNALED(job.status) ? "signal %d\n" : "exit %d\n",
           WIFSIGNALED(job.status) ? WTERMSIG(job.status) : WEXITSTATUS(job.status));
    return 0;
}

#else
int main(void)
{
    fprintf(stderr, "crash_inject knows the registers of x86-64 only\n");
    return 77;
}
#endif
