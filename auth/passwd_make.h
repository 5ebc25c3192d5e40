/*
 * passwd_make.h - the password field for a new password.
 */
#ifndef AUTH_PASSWD_MAKE_H
#define AUTH_PASSWD_MAKE_H

#include "base/err.h"
#include "base/strbuf.h"

enum passwd_make_scheme { MAKE_YESCRYPT, MAKE_ARGON2ID, MAKE_SCRAM };
#define PASSWD_MAKE_SCHEMES "yescrypt|argon2id|scram-sha-256" /* as the enum */

/* Append the field, "{SCHEME}hash". */
int passwd_make(struct strbuf *out, enum passwd_make_scheme scheme, const char *password, struct err *e);

#endif
