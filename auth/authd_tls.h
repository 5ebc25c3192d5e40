/*
 * authd_tls.h - tls_directory: a certificate for each name, handed to the signer and watched for changes.
 */
#ifndef AUTH_AUTHD_TLS_H
#define AUTH_AUTHD_TLS_H

#include "auth/auth_conf.h"
#include "base/master.h"

/* New settings; what is no longer wanted is taken from the signer with the next tick. */
void tls_directory_configure(const struct auth_conf *conf);
/* The signer has (re)started: hand over everything, the default last. */
void tls_directory_started(struct master *m, struct chan *to);
/* A record from the signer: it has looked at a certificate. */
void tls_directory_message(struct master *m, struct chan *from, struct msg_in *in);
/* Each second: hand over what has changed. */
void tls_directory_tick(struct master *m);

/* Is this a name that a directory with a certificate may have? */
bool tls_directory_name_ok(const char *name);

#endif
