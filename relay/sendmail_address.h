/*
 * sendmail_address.h - the addresses in To, Cc, Bcc and on the command line. Pure.
 */
#ifndef RELAY_SENDMAIL_ADDRESS_H
#define RELAY_SENDMAIL_ADDRESS_H

#include "base/bytes.h"

#include <stddef.h>

#define SENDMAIL_ADDRESSES_MAX 20000

struct addresses {
    char **items; /* malloc'ed strings, without <> */
    size_t n;
};

/* Append the addresses of a list: a@b, "Name" <c@d> (comment), group: e@f, g;, bare local names. Malformed
 * ones are left as they stand, for the queue to refuse. false: more than SENDMAIL_ADDRESSES_MAX. */
bool addresses_add(struct addresses *list, struct bytes text);
void addresses_done(struct addresses *list);

#endif
