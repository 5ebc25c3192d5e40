/*
 * auth_master.h - master users: "anna*admin" is the master admin at the account anna, with admin's password. They have a file of their
 * own, so that no account can be taken for a master, nor a master for an account.
 */
#ifndef AUTH_AUTH_MASTER_H
#define AUTH_AUTH_MASTER_H

#include "auth/auth_backend.h"

/* fd (borrowed) is the file, or -1: it cannot be read, and what was read before stays. on: there is such a file at all. */
void master_load(int fd, const char *name);
void master_configure(bool on);
/* Is this name of that kind? Its parts, then. */
bool master_split(struct bytes name, struct bytes *user, struct bytes *master);
void master_verify(const char *master, const char *password, const char *remote, backend_verdict_fn *fn,
                   void *arg);

#endif
