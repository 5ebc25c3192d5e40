/*
 * auth_file.h - the passwd-file as a source of accounts (the verbs are backend_file, auth_backend.h).
 */
#ifndef AUTH_AUTH_FILE_H
#define AUTH_AUTH_FILE_H

#include "auth/auth_rules.h"

/* Read the accounts anew from an open file (borrowed); complaints go to the log. If it cannot be read, all
 * stays as it was. Until the first success nothing is known about any account, which is a temporary failure.
 * domain: whose file it is, NULL if there is one for all. fd < 0: it is there but cannot be opened. */
void auth_file_load(int fd, const char *name, const char *domain, const struct account_rules *rules);
/* The domain's file has gone for good. */
void auth_file_forget(const char *domain);
/* Option passwd_file: with %d in it there is a file for each domain, and a domain without one has no accounts. How long a right
 * password is remembered. */
void auth_file_configure(const char *pattern, int64_t cache_seconds);

#endif
