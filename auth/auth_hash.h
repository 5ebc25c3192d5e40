/*
 * auth_hash.h - password hashes beside the event loop: a hash takes up to hundreds of milliseconds, on purpose.
 */
#ifndef AUTH_AUTH_HASH_H
#define AUTH_AUTH_HASH_H

#include "auth/passwd_file.h"
#include "base/event.h"

enum { HASH_THREADS_MAX = 4, HASH_WAITING_MAX = 4096 };

/* Before the first use. Threads start with the first hash, so that they live under the process's filter. */
void hash_init(struct loop *loop);

typedef void hash_fn(bool same, void *arg);
/* Does this password hash to this string? fn is called from the loop. False: too many are waiting, fn will
 * not be called. */
bool hash_check(enum passwd_kind kind, const char *hash, const char *password, hash_fn *fn, void *arg);

#endif
