/*
 * queue_route.h - where does a recipient's mail go: to accounts here, elsewhere, or nowhere.
 *
 * An address goes through these steps in turn; each may put other addresses in its place, which begin anew:
 *
 *   SRS0= SRS1=      of a forwarded message's sender: back to where it came from             srs.c
 *   virtual maps     the address, without its detail, the local part, a pattern, @domain     route_maps.c
 *   our domains?     no: elsewhere                                                           route_maps.c
 *   account          local@domain
 *   aliases          the local part                                                          route_maps.c
 *   account          the local part; then its forward=
 *   the last three again without the detail behind '+'
 *   postmaster, root when nobody else has it                                                 route_maps.c
 *
 * An address that one of its own ancestors had goes past the maps to the account of that name: so an alias may name its own
 * account, and a circle ends. Whatever is named twice counts once.
 */
#ifndef RELAY_QUEUE_ROUTE_H
#define RELAY_QUEUE_ROUTE_H

#include "relay/envelope.h"
#include "relay/route_maps.h"

#include "auth/auth.h"

#define ROUTE_TARGETS_MAX 1000 /* that one address may lead to */
#define ROUTE_ITEMS_MAX   3000 /* addresses looked at on the way */

enum route_kind {
    ROUTE_LOCAL,   /* ours: see targets */
    ROUTE_REMOTE,  /* not ours */
    ROUTE_UNKNOWN, /* ours, but there is no such account */
    ROUTE_INVALID, /* not an address */
    ROUTE_LATER,   /* the accounts cannot be asked, or a map cannot be read, now */
};

struct route_target {
    enum recipient_kind kind; /* RECIPIENT_UNROUTED: named by a rule, but nobody is there */
    char *address;            /* as it is for delivery */
    char *account;            /* of RECIPIENT_LOCAL, else "" */
    char *folder;             /* the detail behind '+', or "" */
    bool forwarded;           /* elsewhere, by a rule of ours */
};

struct route {
    enum route_kind kind;
    const struct account *account; /* ROUTE_LOCAL that leads to one account only, borrowed; else NULL */
    const struct route_target *targets;
    size_t n;
    char *const *accounts; /* found on the way, those that forward their mail among them */
    size_t naccounts;
};

/* A recipient of the envelope for a target. */
struct recipient *route_target_add(struct envelope *env, const struct route_target *target);
/* Is that account on its way? */
bool route_reaches(const struct route *route, const char *account);

typedef void route_fn(const struct route *route, void *arg);
typedef void route_trace_fn(void *arg, const char *step); /* for people to read */
struct route_request;
/* Answers through fn, once, never from inside the call. */
struct route_request *route_start(struct loop *loop, struct auth_lookup *lookup,
                                  const struct route_rules *rules, struct bytes path, route_fn *fn,
                                  void *arg);
/* The same, telling each step. */
struct route_request *route_explain(struct loop *loop, struct auth_lookup *lookup,
                                    const struct route_rules *rules, struct bytes path, route_fn *fn,
                                    route_trace_fn *trace, void *arg);
void route_cancel(struct route_request *request); /* NULL is fine; not after the answer */

#endif
