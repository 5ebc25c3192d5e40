/*
 * sender_map.h - the file `senders`: which addresses a login may use besides its own. Pure.
 *
 * A line is a login, a blank and what it may use, separated by blanks or commas: addresses, "@example.org" for all of a domain,
 * "*" for all. A login may have several lines; # begins a comment.
 */
#ifndef RELAY_SENDER_MAP_H
#define RELAY_SENDER_MAP_H

#include "base/strbuf.h"

#include <stdbool.h>

#define SENDER_MAP_MAX (4u << 20) /* octets of the file */

bool sender_map_allows(struct bytes map, const char *login, struct bytes address);
/* What it allows, separated by ", ", at most `most`. */
void sender_map_list(struct bytes map, const char *login, size_t most, struct strbuf *out);

#endif
