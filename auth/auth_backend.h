/*
 * auth_backend.h - where accounts come from: a struct of two verbs for each source, and the walk over them.
 *
 * The account's source is found first (in configured order, the first that knows the name), then that source
 * alone judges the password. Answers may come from inside the call or later; every call gets exactly one,
 * within a deadline of the source's own, so that nothing ever has to be cancelled.
 */
#ifndef AUTH_AUTH_BACKEND_H
#define AUTH_AUTH_BACKEND_H

#include "auth/auth_proto.h"
#include "auth/auth_rules.h"
#include "auth/auth_scram.h"

enum { AUTH_BACKENDS_MAX = 2 };

/* account is borrowed, NULL unless found. */
typedef void backend_found_fn(enum auth_lookup_status status, const struct account *account, void *arg);

enum backend_verdict { VERDICT_REFUSED, VERDICT_OK, VERDICT_EXPIRED, VERDICT_TEMPFAIL };
/* reason: a word for the log. name: what the source calls the account, if it is not what was asked; else
 * NULL. */
typedef void backend_verdict_fn(enum backend_verdict verdict, const char *reason, const char *name,
                                void *arg);

/* Name and password as they came: the name has passed auth_name_ok, the password has no NUL and is not empty.
 */
struct backend_try {
    const char *service, *remote;
    const struct account *account; /* NULL: there is none; do the same work and refuse */
    const char *password;
    bool proven; /* by other means: judge the account only, not the password */
};

struct backend {
    const char *name; /* as in the option `accounts` */
    void (*lookup_name)(struct bytes name, backend_found_fn *fn, void *arg);
    void (*lookup_uid)(uid_t uid, backend_found_fn *fn, void *arg);
    void (*verify)(const struct backend_try *attempt, backend_verdict_fn *fn, void *arg);
    /* The SCRAM verifier of an account of this source; false if it has none. NULL: none of them has. */
    bool (*scram)(const struct account *account, struct scram_verifier *v);
};

extern const struct backend backend_file;   /* auth_file.c: a passwd-file */
extern const struct backend backend_system; /* auth_system.c: NSS for who, PAM for the password */

/* Whether system accounts need a shell that lets somebody in. */
void system_configure(bool needs_shell);
bool system_shell_refuses(const struct account *account);

/* The sources in order, and the rules that every account must pass. Both are copied. */
void backends_configure(char *const *names, const struct account_rules *rules);
/* NULL if there is none of this name. */
const struct backend *backend_named(const char *name);

/* The last source in order: the one that does the work for names that nobody has. */
const struct backend *backends_last(void);

/* source: who knows the account; when nobody does, the last one. */
typedef void backends_found_fn(enum auth_lookup_status status, const struct backend *source,
                               const struct account *account, void *arg);
void backends_lookup_name(struct bytes name, backends_found_fn *fn, void *arg);
void backends_lookup_uid(uid_t uid, backends_found_fn *fn, void *arg);

#endif
