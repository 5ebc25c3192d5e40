/*
 * auth_conn.h - one local connection to the auth process: who it is decides what it may send.
 */
#ifndef AUTH_AUTH_CONN_H
#define AUTH_AUTH_CONN_H

#include "auth/auth_ticket.h"

enum conn_kind {
    CONN_NET,    /* login and smtp: exchanges that end in a ticket */
    CONN_LOOKUP, /* queue: look up; redeem tickets of smtp */
    CONN_MASTER, /* root: look up; redeem tickets of imap and pop3 */
};

enum { CONNS_MAX = 4608, CONN_REQUESTS_MAX = 8192, CONN_LOOKUPS_MAX = 4096 };

/* Who may connect: the uid of the front ends, that of queue; root and our own uid (unprivileged) may always.
 */
struct conn_rights {
    uid_t net_uid, queue_uid;
    bool unprivileged;
};

void conns_init(struct loop *loop, struct ticket_table *tickets, const struct conn_rights *rights);
/* The kind that a listening socket of this name gives; -1 if there is none. */
int conn_kind_named(const char *listener);
/* Takes over fd. */
void conn_accept(int fd, enum conn_kind kind);

#endif
