/*
 * auth_nss.h - system accounts, asked of the nss process: NSS modules block, so they do it elsewhere.
 *
 * One question at a time is with the process, the others wait in line; answers about names are remembered for
 * a few seconds.
 */
#ifndef AUTH_AUTH_NSS_H
#define AUTH_AUTH_NSS_H

#include "auth/auth_backend.h"

enum {
    NSS_WAITING_MAX = 1024,
    NSS_CACHE_PLACES = 1024,
    NSS_CACHE_MS = 5000,
    NSS_DEADLINE_MS = 10000, /* from asking to an answer, however long the line is */
};

void nss_init(struct loop *loop);
/* The socket to a (new) nss process; taken over. What the old one has not answered is asked again. */
void nss_connect(int fd);
void nss_lookup_name(struct bytes name, backend_found_fn *fn, void *arg);
void nss_lookup_uid(uid_t uid, backend_found_fn *fn, void *arg);

#endif
