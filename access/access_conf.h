/*
 * access_conf.h - the options of section `access` of posthouse.conf, for accessd and login.
 */
#ifndef ACCESS_ACCESS_CONF_H
#define ACCESS_ACCESS_CONF_H

#include "auth/site_conf.h"

enum login_isolation { ISOLATION_POOL, ISOLATION_CONNECTION };

struct access_conf {
    struct site_conf site;
    char **imap, **imaps, **pop3, **pop3s; /* addresses to listen on, perhaps with " proxy" behind them */
    char **proxy_networks;                 /* of proxies on such listeners */
    /* over all login processes; loopback is exempt from those per address */
    int64_t max_connections, max_connections_per_address;
    int64_t max_unauthenticated, max_unauthenticated_per_address;
    int64_t max_sessions_per_user;
    char *pop3_uidl_format;
    int64_t append_limit; /* octets */
    int64_t login_isolation;
    int64_t login_timeout; /* seconds */
    int64_t slow_client_timeout;
};

extern const struct conf_table access_conf_table;

/* The services, with what they are to everybody who lists them. */
struct access_service {
    const char *name;     /* of its listening sockets */
    size_t offset;        /* of its list of addresses in struct access_conf */
    const char *protocol; /* "imap" or "pop3" */
    bool implicit_tls;
};
enum { ACCESS_SERVICES = 4 };
extern const struct access_service access_services[ACCESS_SERVICES];
/* NULL if there is none of that name. */
const struct access_service *access_service_named(const char *name);
/* What no single row can tell. -1 with e. */
int access_conf_check(const struct access_conf *conf, struct err *e);

#endif
