/*
 * relay_conf.h - section `relay` of posthouse.conf, read by relayd, smtp and queue.
 */
#ifndef RELAY_RELAY_CONF_H
#define RELAY_RELAY_CONF_H

#include "auth/site_conf.h"

/* Behind spool_dir: where posthouse-drop leaves messages while the queue does not run. */
#define DROP_SUFFIX "-drop"

enum { LOCAL_PARTS_ANY_CASE, LOCAL_PARTS_EXACT };

struct relay_conf {
    struct site_conf site;
    char **smtp, **submission, **submissions, **lmtp; /* listen addresses, NULL-terminated */
    char **proxy_networks;                            /* of proxies on addresses with " proxy" behind them */
    char **xclient_networks;                          /* whose XCLIENT counts */
    char **domains;                                   /* ours besides the host name */
    char *smarthost;                                  /* "host:port", NULL: none */
    int64_t smarthost_tls;                            /* enum relay_tls */
    char *lmtp_socket, *lmtp_group;                   /* NULL: none; NULL: root only */
    char *smarthost_credentials;                      /* file with one line user:password, NULL: none */
    char *spool_dir;
    int64_t message_size;                                 /* octets */
    int64_t recipients;                                   /* of one message */
    int64_t limits[4];                                    /* in the order of enum limit (queue_limits.h) */
    int64_t retry_first, retry_max, delay_notice, expire; /* seconds */
    int64_t sender_check;                                 /* enum sender_check (queue.h) */
    char *senders;                                        /* file (sender_map.h), NULL: none */
    bool hide_client;
    int64_t smtp_timeout, greeting_delay; /* seconds */
    int64_t max_connections, max_connections_per_address;
    char *subaddress;                    /* one character, NULL: none */
    char **domain_files, **virtual_maps; /* paths */
    char *aliases;                       /* path, NULL: none */
    char *postmaster;                    /* an address, NULL: not said */
    char *srs_domain;                    /* NULL: the host name */
    int64_t local_parts;                 /* LOCAL_PARTS_ */
    bool forward_files;                  /* ~/.forward counts */
};

extern const struct conf_table relay_conf_table;

/* What no single row can tell: do the options fit together? -1 with e. */
int relay_conf_check(const struct relay_conf *conf, struct err *e);

#endif
