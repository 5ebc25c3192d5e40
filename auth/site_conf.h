/*
 * site_conf.h - the options that all three masters share, as rows shared by their tables.
 *
 * A program's settings struct has a struct site_conf as its first member.
 */
#ifndef AUTH_SITE_CONF_H
#define AUTH_SITE_CONF_H

#include "base/conf.h"
#include "base/strbuf.h"

enum plaintext_login { PLAINTEXT_NEVER, PLAINTEXT_LOOPBACK };

struct site_conf {
    char *hostname;          /* NULL in the file: the system's, filled in by site_conf_complete */
    char *log;               /* "stderr" | "syslog" | "file:/path" */
    char *log_level;         /* "error" | "warn" | "info" | "debug" */
    char *run_dir;           /* sockets: RUNSTATEDIR/posthouse */
    char *state_dir;         /* LOCALSTATEDIR/lib/posthouse: generated certificate, secrets */
    int64_t plaintext_login; /* enum plaintext_login */
    char **sasl_mechanisms;  /* what is offered, in capitals */
    int64_t first_uid;       /* smallest uid that mail is served for */
    char **quota_ignore;     /* folders that do not count for the quota */
    char **autoexpunge;      /* "Name=30d" or "\Use=30d" */
    char **new_folders;      /* made together with a Maildir: "Name" or "Name=\Use" */
    char **trusted_networks; /* webmail and proxies: "192.0.2.0/24" */
};

/* The rows, for `common` of a struct conf_table. */
enum { SITE_CONF_NROWS = 12 }; /* a constant, for initialisers */
extern const struct conf_row site_conf_rows[SITE_CONF_NROWS];
extern const size_t site_conf_nrows;
/* quota_ignore as sessions and deliverers take it: '/' between the names; malloc'ed, NULL if there are none. */
char *site_quota_ignore(const struct site_conf *site);
char *site_autoexpunge(const struct site_conf *site);
char *site_new_folders(const struct site_conf *site);
/* Fill in what the file leaves open. */
void site_conf_complete(struct site_conf *site);
/* Make log_level count in this process. */
void site_conf_apply(const struct site_conf *site);
/* May a password be taken in clear from this address (text form)? loopback = 127.0.0.0/8, ::1, v4-mapped
 * 127/8. */
bool site_plaintext_allowed(const struct site_conf *site, const char *remote);
/* Is this mechanism offered (any case)? binding: the connection has a channel binding, which -PLUS needs. */
bool site_sasl_offers(const struct site_conf *site, struct bytes mechanism, bool binding);
/* Append all that are offered, each between these two. */
void site_sasl_list(const struct site_conf *site, bool binding, const char *before, const char *after,
                    struct strbuf *out);
/* Is this address believed when it says on whose behalf it comes? Loopback is. */
bool site_trusted(const struct site_conf *site, const char *remote);

#endif
