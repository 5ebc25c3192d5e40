/*
 * auth_conf.h - section `auth` of posthouse.conf, read by authd (who opens the files) and auth.
 */
#ifndef AUTH_AUTH_CONF_H
#define AUTH_AUTH_CONF_H

#include "auth/site_conf.h"

struct auth_conf {
    struct site_conf site;
    char **accounts;             /* sources of accounts in order: "pam", "passwd-file" */
    char *passwd_file;           /* NULL: none; %d in it: one for each domain */
    int64_t main_password;       /* enum main_password */
    int64_t ban_after, ban_time; /* failures, seconds */
    int64_t first_virtual_uid, last_virtual_uid;
    char *virtual_home;
    int64_t password_scheme; /* enum passwd_make_scheme */
    char *master_file;       /* NULL: none */
    int64_t verdict_cache;   /* seconds */
    char *pam_service;
    int64_t pam_cache; /* seconds */
    bool pam_session, pam_needs_shell;
    char *mail;            /* Maildir of an account without its own */
    char *tls_certificate; /* NULL: the self-signed pair */
    char *tls_key;
    char *tls_directory; /* NULL: none */
};

extern const struct conf_table auth_conf_table;

/* What no single row can tell: do the options fit together? -1 with e. */
int auth_conf_check(const struct auth_conf *conf, struct err *e);
bool auth_conf_uses(const struct auth_conf *conf, const char *source);

#endif
