/*
 * auth_scram.h - SCRAM-SHA-256 (RFC 5802, RFC 7677) around libgsasl, which runs the exchange itself: verifiers as a passwd-file
 * holds them, verifiers that look right for names nobody has, and the name in a client's first message.
 */
#ifndef AUTH_AUTH_SCRAM_H
#define AUTH_AUTH_SCRAM_H

#include "base/err.h"
#include "base/strbuf.h"

enum {
    SCRAM_KEY = 32,      /* octets */
    SCRAM_SALT_MAX = 64, /* octets; we make 16 */
    SCRAM_SALT_MADE = 16,
    SCRAM_ITERATIONS_MADE = 16384,
    SCRAM_ITERATIONS_MIN = 4096, /* RFC 7677 section 4 */
    SCRAM_ITERATIONS_MAX = 10000000,
};

struct scram_verifier {
    uint32_t iterations;
    size_t salt_len;
    unsigned char salt[SCRAM_SALT_MAX], stored[SCRAM_KEY], server[SCRAM_KEY];
};

/* "iterations,salt,StoredKey,ServerKey", the last three in base64: what stands behind Dovecot's {SCRAM-SHA-256}. */
int scram_verifier_parse(struct bytes text, struct scram_verifier *v, struct err *e);
void scram_verifier_write(const struct scram_verifier *v, struct strbuf *out);
int scram_verifier_make(struct scram_verifier *v, const char *password, struct err *e);
/* Is this the password? Costs `iterations` hashes. */
bool scram_verifier_check(const struct scram_verifier *v, const char *password);
/* A verifier that no password fits, always the same for one name and secret. */
void scram_verifier_decoy(struct scram_verifier *v, const unsigned char secret[SCRAM_KEY], struct bytes name);

/* The name in a client-first-message (RFC 5802 section 7), decoded and appended; the authzid in front of it (appended to authzid), and
 * the flag of the gs2-header: 'n', 'y' or 'p'. Pure. False if malformed. */
bool scram_client_first(struct bytes message, struct strbuf *name, struct strbuf *authzid, char *flag);

#endif
