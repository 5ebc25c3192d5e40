/*
 * priv.c - stepping down. See priv.h for the order. The ids are set by system calls: libc's functions see to threads, through a state that
 * a child which shares its parent's memory (spawn.c) must not touch.
 */
#include "base/priv.h"

#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Only CAP_SYS_RESOURCE raises a hard limit, which root in a container often has not: then what there is must
 * do. */
static int limit(int resource, uint64_t value, const char *name, struct err *e)
{
    struct rlimit now, r = {value, value};
    if (!value)
        return 0;
    if (getrlimit(resource, &now))
        return err_errno(e, errno, "reading %s", name);
    int failed = setrlimit(resource, &r);
    if (failed && errno == EPERM && value > now.rlim_max) {
        r.rlim_cur = r.rlim_max = now.rlim_max;
        failed = setrlimit(resource, &r);
    }
    return failed ? err_errno(e, errno, "setting %s", name) : 0;
}

static int set_limits(const struct priv *p, struct err *e)
{
    static const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none))
        return err_errno(e, errno, "setting RLIMIT_CORE");
    if (limit(RLIMIT_NOFILE, p->files, "RLIMIT_NOFILE", e))
        return -1;
#ifndef WITH_SANITIZERS
    if (limit(RLIMIT_DATA, p->data, "RLIMIT_DATA", e))
        return -1;
#endif
    return 0;
}

static int enter_chroot(const char *dir, struct err *e)
{
    if (dir && (chroot(dir) || chdir("/")))
        return err_errno(e, errno, "chroot to %s", dir);
    return 0;
}

static int become(const struct priv *p, struct err *e)
{
    if (syscall(SYS_setgroups, p->ngroups, p->groups))
        return err_errno(e, errno, "setgroups");
    if (syscall(SYS_setresgid, p->gid, p->gid, p->gid))
        return err_errno(e, errno, "setresgid %d", (int)p->gid);
    if (limit(RLIMIT_NPROC, p->processes, "RLIMIT_NPROC", e))
        return -1;
    if (syscall(SYS_setresuid, p->uid, p->uid, p->uid))
        return err_errno(e, errno, "setresuid %d", (int)p->uid);
    return 0;
}

/* Believe nothing that was not read back. */
static int verify(const struct priv *p, struct err *e)
{
    uid_t ru, eu, su;
    gid_t rg, eg, sg;
    if (getresuid(&ru, &eu, &su) || getresgid(&rg, &eg, &sg))
        return err_errno(e, errno, "reading ids back");
    bool same = ru == p->uid && eu == p->uid && su == p->uid && rg == p->gid && eg == p->gid && sg == p->gid;
    if (!same || getgroups(0, NULL) != (int)p->ngroups)
        return err_set(e, ERR_INTERNAL, "ids were not taken on");
    if (p->uid != 0 && (syscall(SYS_setuid, 0) == 0 || syscall(SYS_setresuid, -1, 0, -1) == 0))
        return err_set(e, ERR_INTERNAL, "root can be had again");
    return 0;
}

int priv_step_down(const struct priv *p, struct err *e)
{
    if (set_limits(p, e))
        return -1;
    if (p->uid != (uid_t)-1 && (enter_chroot(p->chroot_dir, e) || become(p, e) || verify(p, e)))
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return err_errno(e, errno, "prctl");
    return 0;
}

void priv_hide(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        log_fatal("prctl: %m");
}
