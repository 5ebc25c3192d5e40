/*
 * auth_pam.h - passwords that PAM judges: each in a root process of its own which authd starts and which we
 * talk to alone.
 */
#ifndef AUTH_AUTH_PAM_H
#define AUTH_AUTH_PAM_H

#include "auth/auth_backend.h"

enum {
    PAM_WORKERS_MAX = 32,
    PAM_WAITING_MAX = 2048,
    PAM_DEADLINE_MS = 60000, /* of a worker's life */
    PAM_WAIT_MS = 75000,     /* from asking for one to its verdict */
};

void pam_init(struct loop *loop, struct chan *to_authd);
void pam_set_service(const char *service);
/* authd's answer: the socket to the worker, taken over, or -1 if there can be none now. */
void pam_worker(uint32_t id, int fd);
/* password NULL: it is proven by other means, PAM judges the account only. */
void pam_verify(const char *name, const char *password, const char *remote, backend_verdict_fn *fn,
                void *arg);

#endif
