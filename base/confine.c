/*
 * confine.c - see confine.h.
 *
 * The filter is written in BPF by hand, from two tables: libseccomp would take each session longer to build it than to start, and a
 * megabyte of its own. It forbids by name and allows the rest, since it stands beside Landlock and not in its place. What it refuses fails
 * with EPERM. clone3 hides its flags behind a pointer: it "does not exist", and glibc takes clone.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/confine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define OTHER_ABI    0x40000000u /* x32: the same calls by other numbers */
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define OTHER_ABI    0xffffffffu
#else
#error "the numbers of this architecture's system calls are not known to be one set: add it here"
#endif

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGING                                                                                             \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |        \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define NEVER                                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |              \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define REFER    LANDLOCK_ACCESS_FS_REFER    /* from version 2 on */
#define TRUNCATE LANDLOCK_ACCESS_FS_TRUNCATE /* from version 3 on */

int confine_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

#ifdef WITH_SANITIZERS

int confine(const char *dir, int most, struct err *e)
{
    (void)dir, (void)most, (void)e;
    return 0;
}

#else

/* ---- Landlock ---- */

/* Libraries that a character set's module needs, and what maildir_index.c asks about the boot. */
static const char *const readable[] = {"/usr/lib", "/usr/lib64", "/etc/ld.so.cache",
                                       "/proc/sys/kernel/random/boot_id"};

static int grant(int rules, const char *path, uint64_t rights, struct err *e)
{
    struct stat st;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return err_errno(e, errno, "%s", path);
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
    rule.parent_fd = fd;
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)
               ? err_errno(e, errno, "Landlock on %s", path)
               : 0;
}

static int use_landlock(const char *dir, int version, struct err *e)
{
    struct err ignored; /* what is not there cannot be read */
    uint64_t own = READING | CHANGING | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0);
    struct landlock_ruleset_attr attr = {.handled_access_fs = own | NEVER};
    AUTO_CLOSE int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return err_errno(e, errno, "Landlock");
    if (grant(rules, dir, own, e))
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(readable); i++)
        (void)grant(rules, readable[i], READING, &ignored);
    return syscall(SYS_landlock_restrict_self, rules, 0) ? err_errno(e, errno, "Landlock") : 0;
}

/* ---- the filter ---- */

static const int refused[] = {
#ifdef SYS_chmod /* calls that only old architectures have */
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_inotify_init,
#endif
    SYS_fchmodat,
    452 /* fchmodat2 */,
    SYS_fchownat,
    SYS_truncate,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    463 /* setxattrat */,
    466 /* removexattrat */,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_setpriority,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_ioprio_set,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_mount_setattr,
    SYS_execve,
    SYS_execveat,
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_mq_open,
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_semop,
    SYS_semctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
};

#define NEW_NAMESPACES                                                                                       \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |            \
     CLONE_NEWNET)

/* Allowed only if this argument, masked, is that value. */
struct asked {
    int call, argument;
    uint32_t mask, value;
};

#define WORD  32u  /* calls that share a word of the map */
#define WORDS 16u  /* so many words: calls up to 511 */
#define CODE  192u /* instructions: the map takes 3 a word, each asked call 8 */

struct program {
    struct sock_filter code[CODE];
    unsigned short n;
};

static void put(struct program *p, uint16_t what, uint32_t k, uint8_t yes, uint8_t no)
{
    p->code[p->n++] = (struct sock_filter){what, yes, no, k};
}

static void load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct program *p, uint32_t result)
{
    put(p, BPF_RET | BPF_K, result, 0, 0);
}

static size_t argument(int i)
{
    return offsetof(struct seccomp_data, args) + (size_t)i * 8;
}

/* Both halves of an argument: the upper one has to be 0. */
static void put_asked(struct program *p, const struct asked *a)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)a->call, 0, 7);
    load(p, argument(a->argument) + 4);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
    load(p, argument(a->argument));
    put(p, BPF_ALU | BPF_AND | BPF_K, a->mask, 0, 0);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, a->value, 1, 0);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
    answer(p, SECCOMP_RET_ALLOW);
}

/*
 * X is the call's place in its word, A the number of its word; behind it A is 1 or 0 for "look closer". The kernel plays the filter for
 * every call there is when it is set, to learn which are always allowed: with one comparison for each refused call, that
 * took longer than anything else in the start of a session.
 */
static void put_map(struct program *p, const uint32_t map[WORDS])
{
    put(p, BPF_ALU | BPF_AND | BPF_K, WORD - 1, 0, 0);
    put(p, BPF_MISC | BPF_TAX, 0, 0, 0);
    load(p, offsetof(struct seccomp_data, nr));
    put(p, BPF_ALU | BPF_RSH | BPF_K, 5, 0, 0);
    for (unsigned i = 0; i < WORDS; i++) {
        put(p, BPF_JMP | BPF_JEQ | BPF_K, i, 0, 2);
        put(p, BPF_LD | BPF_IMM, map[i], 0, 0);
        put(p, BPF_JMP | BPF_JA, (WORDS - 1 - i) * 3 + 1, 0, 0);
    }
    answer(p, SECCOMP_RET_ERRNO | ENOSYS); /* newer than this table, or of the x32 ABI */
    put(p, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
    put(p, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0);
}

static void mark(uint32_t map[WORDS], int call)
{
    map[(unsigned)call / WORD] |= 1u << ((unsigned)call % WORD);
}

static void write_filter(struct program *p)
{
    const struct asked all[] = {
        {SYS_kill, 1, UINT32_MAX, 0}, /* is it there? */
        {SYS_tgkill, 0, UINT32_MAX, (uint32_t)getpid()},
        {SYS_prlimit64, 0, UINT32_MAX, 0},
        {SYS_sched_setaffinity, 0, UINT32_MAX, 0},
        {SYS_utimensat, 1, UINT32_MAX, 0}, /* of a descriptor */
        {SYS_clone, 0, NEW_NAMESPACES, 0},
    };
    uint32_t map[WORDS] = {0};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        mark(map, refused[i]);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        mark(map, all[i].call);
    mark(map, SYS_clone3);
    load(p, offsetof(struct seccomp_data, arch));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    put(p, BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, 0, 1);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    put_map(p, map);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0);
    answer(p, SECCOMP_RET_ALLOW);
    load(p, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        put_asked(p, &all[i]);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
    answer(p, SECCOMP_RET_ERRNO | ENOSYS);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
}

static int use_filter(struct err *e)
{
    struct program program = {.n = 0};
    write_filter(&program);
    struct sock_fprog prog = {.len = program.n, .filter = program.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? err_errno(e, errno, "the system-call filter")
                                                             : 0;
}

int confine(const char *dir, int most, struct err *e)
{
    int version = confine_landlock();
    if (most && version > most)
        version = most;
    tzset(); /* it reads a file */
    if (version && use_landlock(dir, version, e))
        return -1;
    return use_filter(e) ? -1 : !version;
}

#endif
