/*
 * auth_pam.h - passwords that PAM judges: in root processes which authd starts and which we talk to alone. Each has one conversation at
 * a time; one that has had many, or has failed to keep a deadline, is let go, since modules leak and hang.
 */
#ifndef AUTH_AUTH_PAM_H
#define AUTH_AUTH_PAM_H

#include "auth/auth_backend.h"

enum {
    PAM_WORKERS_MAX = 32,
    PAM_WAITING_MAX = 2048,
    PAM_USES_MAX = 50,   /* conversations of one worker */
    PAM_IDLE_MAX = 4,    /* workers that wait for the next */
    PAM_WAIT_MS = 75000, /* from asking for one to its verdict */
};

void pam_init(struct loop *loop, struct chan *to_authd);
/* session: open and close one at each login; cache_seconds: how long a good verdict is remembered, if there are no sessions. */
void pam_configure(const char *service, bool session, int64_t cache_seconds);
/* authd's answer: the socket to the worker, taken over, or -1 if there can be none now. */
void pam_worker(uint32_t id, int fd);
/* password NULL: it is proven by other means, PAM judges the account only. */
void pam_verify(const char *name, const char *password, const char *remote, backend_verdict_fn *fn,
                void *arg);

#endif
