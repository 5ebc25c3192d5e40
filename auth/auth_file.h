/*
 * auth_file.h - the passwd-file as a source of accounts (the verbs are backend_file, auth_backend.h).
 */
#ifndef AUTH_AUTH_FILE_H
#define AUTH_AUTH_FILE_H

#include "auth/auth_rules.h"

/* Read the accounts anew from an open file (borrowed); complaints go to the log. If it cannot be read, all
 * stays as it was. Until the first success nothing is known about any account, which is a temporary failure.
 */
void auth_file_load(int fd, const char *name, const struct account_rules *rules);

#endif
