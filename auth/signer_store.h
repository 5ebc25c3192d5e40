/*
 * signer_store.h - the signer's pairs of certificate and key: the default one, one for each directory of tls_directory,
 * and those that were replaced a short while ago, since sessions that began with them may want a signature yet.
 *
 * Which names a pair is for its certificate says (subjectAltName, or else the common name), and its directory. A name in
 * full goes before a wildcard, which stands for one label. For each name there is at most one pair of each kind of key: of two,
 * the one that is good for longer.
 */
#ifndef AUTH_SIGNER_STORE_H
#define AUTH_SIGNER_STORE_H

#include "auth/signer_pair.h"
#include "base/bytes.h"
#include "base/tls.h"

struct signer_store;

enum { SIGNER_RETIRED_SECONDS = 300 }; /* for which a replaced pair still signs */

struct signer_store *signer_store_new(void);
void signer_store_free(struct signer_store *store);
/* Put *pair (taken over, emptied) in the place of the one under this name, "" for the default; times in seconds on any
 * clock. */
void signer_store_put(struct signer_store *store, const char *name, struct signer_pair *pair, uint64_t now);
void signer_store_drop(struct signer_store *store, const char *name, uint64_t now);
/* Forget those that were replaced long ago. */
void signer_store_tidy(struct signer_store *store, uint64_t now);
/* The default certificates are those of tls_certificate, and for kinds of keys that it does not have, or without it, those of this
 * name. */
void signer_store_hostname(struct signer_store *store, const char *hostname);

/* NULL if there is none of that serial. */
const struct signer_pair *signer_store_pair(const struct signer_store *store, uint64_t serial);
/* The serials for a name in lower case ("": none was said), ECDSA first; how many: 0 if there is nothing at all. */
unsigned signer_store_find(struct signer_store *store, struct bytes name, uint64_t serials[TLS_KINDS]);
/* Changes whenever signer_store_find may answer otherwise. */
uint64_t signer_store_generation(const struct signer_store *store);
/* Calls fn for each pair in use. */
void signer_store_each(const struct signer_store *store,
                       void (*fn)(void *arg, const char *name, const struct signer_pair *pair), void *arg);

#endif
