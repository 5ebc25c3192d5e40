/*
 * address.h - the paths of MAIL and RCPT (RFC 5321 4.1.2). Pure.
 */
#ifndef RELAY_ADDRESS_H
#define RELAY_ADDRESS_H

#include "base/strbuf.h"

#define ADDRESS_LOCAL_MAX  64
#define ADDRESS_SRS_MAX    250 /* of a local part that a forwarder has made: SRS0=..., SRS1=... */
#define ADDRESS_DOMAIN_MAX 255
#define ADDRESS_PATH_MAX   (ADDRESS_SRS_MAX + 1 + ADDRESS_DOMAIN_MAX)
#define ADDRESS_ROUTE_MAX  1024 /* octets of a source route, which is dropped */

/*
 * Cut "<path>" off the front of *in and append what it names to out: local@domain with the domain in lower
 * case and quotes only where they are needed; nothing for <>; a local part alone where no domain is given.
 * Source routes ("@a,@b:") are dropped. Returns NULL, or a sentence that says what is wrong (static text).
 */
const char *address_path(struct bytes *in, struct strbuf *out);
/* The same with addresses beyond ASCII (RFC 6531 3.3). */
const char *address_path_utf8(struct bytes *in, struct strbuf *out);

/* The domain of a path ("" if it has none). */
struct bytes address_domain(struct bytes path);

#endif
