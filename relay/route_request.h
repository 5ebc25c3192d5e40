/*
 * route_request.h - a walk that is under way, shared by the two files that make it: queue_route.c asks about an address,
 * route_walk.c keeps the lists of addresses and targets.
 */
#ifndef RELAY_ROUTE_REQUEST_H
#define RELAY_ROUTE_REQUEST_H

#include "relay/address_normal.h"
#include "relay/queue_route.h"

#define QUESTIONS_MAX 12
#define NO_PARENT     SIZE_MAX

struct item {
    char *address, *key; /* as written; in its normal form */
    size_t parent;
    bool plain; /* past the maps */
};

struct question {
    enum { ASK_ACCOUNT, ASK_ALIAS } kind;
    bool detail; /* there is one, and the name is without it */
    char name[ADDRESS_NORMAL_MAX * 2 + 2];
};

struct route_request {
    struct loop *loop;
    struct auth_lookup *lookup;
    const struct route_rules *rules;
    struct timer now; /* for answers that need no lookup */
    struct item *items;
    size_t nitems, current;
    struct route_target *targets;
    size_t ntargets;
    char **accounts;
    size_t naccounts;
    struct account account; /* the latest */
    bool waiting, invalid, later, remote;
    /* of the current item */
    struct strbuf local, domain; /* normal */
    struct question *questions;
    size_t nquestions, next;
    route_fn *fn;
    route_trace_fn *trace;
    void *arg;
};

/* A step, for people to read. */
void route_say(struct route_request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One more address to look at; plain: past the maps. */
void route_add_item(struct route_request *r, struct bytes path, size_t parent, bool plain);
void route_add_target(struct route_request *r, enum recipient_kind kind, const char *address,
                      const char *account, const char *folder);
/* In the place of the current address: what a rule, or forward= of its account, says. */
void route_expand(struct route_request *r, const struct route_rule *rule);
void route_expand_forward(struct route_request *r, const struct account *a);

#endif
