/*
 * signer_digest.h - what the signer puts its name to: digests of the right size for the algorithm, nothing
 * else. Pure.
 */
#ifndef AUTH_SIGNER_DIGEST_H
#define AUTH_SIGNER_DIGEST_H

#include "base/bytes.h"

#include <gnutls/gnutls.h>

bool signer_digest_ok(gnutls_sign_algorithm_t algorithm, struct bytes digest);

#endif
