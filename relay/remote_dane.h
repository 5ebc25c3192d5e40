/*
 * remote_dane.h - is this the certificate that TLSA records name (RFC 6698, RFC 7671, RFC 7672)? Pure.
 */
#ifndef RELAY_REMOTE_DANE_H
#define RELAY_REMOTE_DANE_H

#include "base/bytes.h"
#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

#define DANE_RECORDS_MAX 20 /* that are looked at */

/* How many of the records (RDATA) SMTP can go by: usage 2 or 3, a selector, matching type and length that are known. */
size_t dane_usable(const struct bytes *records, size_t n);
/* Does the chain (DER, the server's own first) match one of them? Usage 3: the certificate or its key, whatever its names and dates. Usage 2: an
 * issuer in the chain, from which the rest must follow now, for one of the names. 0, or -1 with a sentence. */
int dane_check(const struct bytes *records, size_t n, const gnutls_datum_t *chain, unsigned chain_size,
               const char *const *names, size_t nnames, struct err *e);

#endif
