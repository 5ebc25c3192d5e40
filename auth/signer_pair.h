/*
 * signer_pair.h - a certificate chain and its private key, checked to belong together.
 */
#ifndef AUTH_SIGNER_PAIR_H
#define AUTH_SIGNER_PAIR_H

#include "base/err.h"
#include "base/strbuf.h"

#include <gnutls/abstract.h>
#include <time.h>

enum {
    PEM_MAX = 49152,       /* bytes of a chain: it travels in one record */
    PAIR_NAMES_MAX = 1000, /* names of one certificate that are looked at */
    PAIR_NAME_OCTETS = 253,
};

struct signer_pair {
    uint64_t serial; /* 0: none */
    struct strbuf chain;
    gnutls_privkey_t key;
    char **names; /* of hosts, in lower case, that the certificate is for; NULL-terminated */
    time_t expires;
    bool rsa;        /* the kind of the key: RSA, or ECDSA */
    bool selfsigned; /* made by ourselves, or by somebody else for himself */
};

/* Read and check a pair from open files. -1 with e if it is not usable; *pair is untouched then. */
int signer_pair_read(struct signer_pair *pair, int chain_fd, int key_fd, struct err *e);
void signer_pair_done(struct signer_pair *pair);
/* Sign a digest that signer_digest_ok has passed. False if the key does not do this algorithm. */
bool signer_pair_sign(const struct signer_pair *pair, gnutls_sign_algorithm_t algorithm, struct bytes digest,
                      struct strbuf *signature);

#endif
