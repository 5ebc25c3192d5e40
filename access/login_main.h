/*
 * login_main.h - what all connections of a login process share.
 */
#ifndef ACCESS_LOGIN_MAIN_H
#define ACCESS_LOGIN_MAIN_H

#include "access/access_conf.h"
#include "base/census.h"
#include "auth/auth.h"
#include "base/child.h"
#include "base/tls.h"

const struct access_conf *login_conf(void);
struct loop *login_loop(void);
struct auth_client *login_auth(void);
struct chan *login_control(void);
/* Nobody waits for a login any more: a process that was there for one client only needs neither auth nor signer. */
void login_all_in(void);
/* A connection is gone: a process that was there for it only may end. */
void login_one_less(void);
/* Counts over all login processes. */
struct census *login_census(void);
/* The most connections for which this process has descriptors. */
unsigned login_files_allow(void);
/* NULL while the signer cannot be reached. */
struct tls_context *login_tls(void);

#endif
