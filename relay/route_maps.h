/*
 * route_maps.h - what the configuration says about addresses: our domains, virtual maps, aliases. No waiting.
 */
#ifndef RELAY_ROUTE_MAPS_H
#define RELAY_ROUTE_MAPS_H

#include "relay/map_file.h"
#include "relay/srs.h"

#define ROUTE_INCLUDES_MAX 200 /* :include: files that are remembered */

struct route_maps {
    struct map_file **virtuals, **domains; /* NULL-terminated, or NULL */
    struct map_file *aliases;              /* NULL: none */
    struct map_file *includes[ROUTE_INCLUDES_MAX];
    size_t nincludes;
    bool exact;
};

/* What counts as ours. */
struct route_rules {
    const char *hostname;
    char *const *domains;    /* NULL-terminated, or NULL */
    char subaddress;         /* '+', or 0: none */
    bool exact;              /* the case of local parts counts */
    const char *postmaster;  /* who has its mail if no alias says it; NULL: not said */
    struct route_maps *maps; /* NULL: none */
    const char *srs_domain;  /* NULL: senders are not rewritten */
    const struct siphash_key *srs_key;
};

/* Paths as in the configuration; NULL: none. */
struct route_maps *route_maps_new(char *const *virtuals, char *const *domains, const char *aliases,
                                  bool exact);
void route_maps_free(struct route_maps *maps);

struct relay_conf;
/* Rules of a configuration, which must outlive them; maps made anew, to be freed by route_maps_free. */
struct route_rules route_rules_of(const struct relay_conf *conf);

/* Where a rule stands. */
struct route_rule {
    const char *file; /* NULL: there is no such rule */
    const struct map_entry *entry;
};

enum route_domain {
    DOMAIN_ELSEWHERE,
    DOMAIN_HOST,    /* accounts have it with or without the domain in their names; aliases count */
    DOMAIN_VIRTUAL, /* a virtual map names it: accounts of that domain only */
    DOMAIN_LATER,   /* a file cannot be read */
};
/* The domain in its normal form. *why: static text or a path, for people. */
enum route_domain route_domain(const struct route_rules *rules, struct bytes domain, const char **why);
/* Local part and domain in their normal forms. 1 found, 0 not, -1 a map cannot be read. */
int route_virtual(const struct route_rules *rules, struct bytes local, struct bytes domain, bool host,
                  struct route_rule *rule);
int route_alias(const struct route_rules *rules, struct bytes name, struct route_rule *rule);
/* The file of an :include:. -1: it cannot be read, or is not to be believed. */
int route_include(const struct route_rules *rules, const char *path, const struct address_map **list);
/* Who stands in for postmaster and root: an address in out, or false. */
bool route_administrator(const struct route_rules *rules, struct strbuf *out);
/* Does the sender's domain lead here anyway, so that bounces need no way back? */
bool route_own_sender(const struct route_rules *rules, struct bytes reverse_path);
/* Where the detail begins, or local.n. */
size_t route_detail(const struct route_rules *rules, struct bytes local);

#endif
