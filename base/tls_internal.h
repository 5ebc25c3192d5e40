/*
 * tls_internal.h - the inside of TLS, shared by tls.c (contexts and sessions), tls_names.c (which certificate for
 * which name) and tls_signer.c (the key that is elsewhere) only.
 */
#ifndef BASE_TLS_INTERNAL_H
#define BASE_TLS_INTERNAL_H

#include "base/bytes.h"
#include "base/strbuf.h"
#include "base/tls.h"

/* ---- tls_signer.c: asking ---- */

struct tls_signer { /* the connection to the signer, reopened when it broke */
    unsigned refs;
    char *path;
    int fd;
};

struct tls_signer *tls_signer_new(const char *path);
void tls_signer_unref(struct tls_signer *signer);
void tls_signer_rest(struct tls_signer *signer);

struct tls_state {
    uint64_t generation;    /* another one: some certificate has changed */
    struct strbuf *tickets; /* the key of session tickets */
};
int tls_ask_state(struct tls_signer *signer, struct tls_state *state, struct err *e);
/* The certificates for a client that asks for this name (empty: for none); the number of serials, or -1. */
int tls_ask_name(struct tls_signer *signer, struct bytes name, uint64_t serials[TLS_KINDS], struct err *e);
/* Certificate and key of that serial into credentials; the key only knows where to ask. */
int tls_add_key(struct tls_signer *signer, uint64_t serial, gnutls_certificate_credentials_t credentials,
                struct err *e);

/* ---- tls_names.c: which certificates for which name ---- */

struct tls_identity { /* certificates with keys of different kinds, for the same names */
    unsigned refs;
    struct tls_identity *next; /* in the table's list */
    uint64_t serials[TLS_KINDS];
    gnutls_certificate_credentials_t credentials;
};

struct tls_names;

struct tls_names *tls_names_new(struct tls_signer *signer);
void tls_names_free(struct tls_names *names);
/* Forget all but the default, and fetch that anew. -1: the default stays what it was. */
int tls_names_renew(struct tls_names *names, struct err *e);
/* For clients that name nothing, or nothing that we know. NULL before the first renewal. */
struct tls_identity *tls_names_default(struct tls_names *names);
/* Never NULL: in the worst case the default. */
struct tls_identity *tls_names_find(struct tls_names *names, struct bytes name);
struct tls_identity *tls_identity_ref(struct tls_identity *identity);
void tls_identity_unref(struct tls_identity *identity);

#endif
