/*
 * nets.h - lists of networks, and whether an address is in one. Pure.
 */
#ifndef BASE_NETS_H
#define BASE_NETS_H

#include "base/bytes.h"

/* Is list "10.0.0.0/8,2001:db8::/32,192.0.2.1" well-formed; and is remote (an address in text) in it? IPv4 in IPv6's clothes
 * is IPv4. */
bool nets_ok(struct bytes list);
bool nets_match(struct bytes list, const char *remote);
/* The same of a NULL-terminated array of networks, NULL: empty. */
bool nets_match_any(char *const *nets, const char *remote);

#endif
