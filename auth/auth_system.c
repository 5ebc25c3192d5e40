/*
 * auth_system.c - the system's own accounts as a source: NSS says who they are, PAM judges the password.
 *
 * Names are compared byte for byte with what NSS gives back: a module that ignores case must not make two
 * spellings of one account. A module of PAM that changes the name is respected: the account is then looked up
 * anew.
 */
#include "auth/auth_backend.h"
#include "auth/auth_nss.h"
#include "auth/auth_pam.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* For names that nobody has: PAM does its work, on a name which cannot exist. */
#define DECOY_NAME "posthouse-unknown"

struct question {
    char *name;
    backend_found_fn *fn;
    void *arg;
};

/* Debian's word for "this account has no home": daemons have it, people never. */
#define NO_HOME "/nonexistent"

static void on_name(enum auth_lookup_status status, const struct account *account, void *arg)
{
    struct question *q = arg;
    if (account && (strcmp(account->name, q->name) != 0 || strcmp(account->home, NO_HOME) == 0))
        status = AUTH_LOOKUP_NONE;
    q->fn(status, status == AUTH_LOOKUP_FOUND ? account : NULL, q->arg);
    free(q->name);
    free(q);
}

static void lookup_name(struct bytes name, backend_found_fn *fn, void *arg)
{
    struct question *q = xcalloc(1, sizeof(*q));
    *q = (struct question){bytes_dup(name), fn, arg};
    nss_lookup_name(name, on_name, q);
}

static void lookup_uid(uid_t uid, backend_found_fn *fn, void *arg)
{
    nss_lookup_uid(uid, fn, arg);
}

static bool shell_needed = true;

void system_configure(bool needs_shell)
{
    shell_needed = needs_shell;
}

bool system_shell_refuses(const struct account *account)
{
    return account->no_shell && shell_needed;
}

struct attempt {
    backend_verdict_fn *fn;
    void *arg;
};

static void on_decoy(enum backend_verdict verdict, const char *reason, const char *name, void *arg)
{
    struct attempt *a = arg;
    (void)name;
    if (verdict == VERDICT_TEMPFAIL)
        a->fn(VERDICT_TEMPFAIL, reason, NULL, a->arg);
    else
        a->fn(VERDICT_REFUSED, "unknown-user", NULL, a->arg);
    free(a);
}

/* PAM has done its work; the shell says no all the same. */
static void on_no_shell(enum backend_verdict verdict, const char *reason, const char *name, void *arg)
{
    struct attempt *a = arg;
    (void)name;
    a->fn(verdict == VERDICT_OK ? VERDICT_REFUSED : verdict,
          verdict == VERDICT_OK ? "shell-lets-nobody-in" : reason, NULL, a->arg);
    free(a);
}

static void verify(const struct backend_try *attempt, backend_verdict_fn *fn, void *arg)
{
    bool shut = attempt->account && system_shell_refuses(attempt->account);
    if (attempt->account && !shut) {
        pam_verify(attempt->account->name, attempt->proven ? NULL : attempt->password, attempt->remote, fn,
                   arg);
        return;
    }
    struct attempt *a = xcalloc(1, sizeof(*a));
    *a = (struct attempt){fn, arg};
    if (shut)
        pam_verify(attempt->account->name, attempt->proven ? NULL : attempt->password, attempt->remote,
                   on_no_shell, a);
    else
        pam_verify(DECOY_NAME, attempt->password, attempt->remote, on_decoy, a);
}

const struct backend backend_system = {"pam", lookup_name, lookup_uid, verify, NULL};
