/*
 * queue_route.h - where does a recipient's mail go: to an account here, elsewhere, or nowhere.
 *
 * An address of ours (its domain is the host name, localhost, an address literal-free name in `domains`, or
 * missing) is looked up as local@domain, then local, then both without the subaddress behind '+'; in lower
 * case too where that differs.
 */
#ifndef RELAY_QUEUE_ROUTE_H
#define RELAY_QUEUE_ROUTE_H

#include "auth/auth.h"

#define ROUTE_NAMES_MAX 8

enum route_kind {
    ROUTE_LOCAL,   /* account is set */
    ROUTE_REMOTE,  /* not ours */
    ROUTE_UNKNOWN, /* ours, but there is no such account */
    ROUTE_INVALID, /* not an address */
    ROUTE_LATER,   /* the accounts cannot be asked now */
};

struct route {
    enum route_kind kind;
    const struct account *account; /* ROUTE_LOCAL, borrowed */
};

/* What counts as ours. */
struct route_rules {
    const char *hostname;
    char *const *domains; /* NULL-terminated, or NULL */
    char subaddress;      /* '+', or 0: none */
};

/* Pure: the account names to look up, in order, malloc'ed. Returns their number, 0 for an address that is not
 * ours (*remote) or none at all. */
size_t route_names(const struct route_rules *rules, struct bytes path, char *names[ROUTE_NAMES_MAX],
                   bool *remote);

typedef void route_fn(const struct route *route, void *arg);
struct route_request;
/* Answers through fn, once, never from inside the call. */
struct route_request *route_start(struct loop *loop, struct auth_lookup *lookup,
                                  const struct route_rules *rules, struct bytes path, route_fn *fn,
                                  void *arg);
void route_cancel(struct route_request *request); /* NULL is fine; not after the answer */

#endif
