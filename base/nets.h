/*
 * nets.h - addresses and networks in text, IPv4 within IPv6. Pure.
 */
#ifndef BASE_NETS_H
#define BASE_NETS_H

#include "base/strbuf.h"

struct net {
    unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d; zero behind the bits */
    unsigned bits;             /* of 128 */
};
/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.1". */
bool net_parse(struct bytes text, struct net *net);
void net_write(const struct net *net, struct strbuf *out);
bool net_holds(const struct net *net, const struct net *host);
/* The network of so many bits that this one is in. */
void net_cut(struct net *net, unsigned bits);
/* What a client counts as: its IPv4 address, or the /64 of its IPv6 address. */
bool net_of_client(const char *remote, struct net *net);

/* Is list "10.0.0.0/8,2001:db8::/32,192.0.2.1" well-formed; and is remote in it? */
bool nets_ok(struct bytes list);
bool nets_match(struct bytes list, const char *remote);
/* Is remote in one of these lists (NULL-terminated; NULL is none)? */
bool nets_match_any(char *const *lists, const char *remote);

#endif
