/*
 * remote_dane.c - TLSA records against a certificate chain. See remote_dane.h.
 *
 * RFC 7672 3.1: usages 0 and 1 (PKIX) mean nothing between mail servers. Usage 3 binds a name by the record's owner alone: neither names nor
 * dates in the certificate count (3.1.1). Usage 2 counts only for an issuer that the server sends (3.1.2).
 */
#include "relay/remote_dane.h"

#include "base/cleanup.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#define CHAIN_MAX 10 /* certificates of a chain that are looked at */

struct tlsa {
    unsigned usage, selector, matching;
    struct bytes data;
};

enum { TLSA_ISSUER = 2, TLSA_OWN = 3 };

static const struct {
    size_t length; /* 0: any */
    gnutls_digest_algorithm_t digest;
} matchings[] = {{0, GNUTLS_DIG_NULL}, {32, GNUTLS_DIG_SHA256}, {64, GNUTLS_DIG_SHA512}};

static bool parse(struct bytes record, struct tlsa *t)
{
    if (record.n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)record.p;
    *t = (struct tlsa){p[0], p[1], p[2], bytes_skip(record, 3)};
    return (t->usage == TLSA_ISSUER || t->usage == TLSA_OWN) && t->selector <= 1 && t->matching <= 2 &&
           (!matchings[t->matching].length || t->data.n == matchings[t->matching].length);
}

size_t dane_usable(const struct bytes *records, size_t n)
{
    struct tlsa t;
    size_t usable = 0;
    for (size_t i = 0; i < n && i < DANE_RECORDS_MAX; i++)
        usable += parse(records[i], &t);
    return usable;
}

/* ---- one certificate ---- */

struct chain {
    gnutls_x509_crt_t certificates[CHAIN_MAX];
    unsigned n;
};

static void chain_done(struct chain *c)
{
    for (unsigned i = 0; i < c->n; i++)
        gnutls_x509_crt_deinit(c->certificates[i]);
}

static bool chain_read(struct chain *c, const gnutls_datum_t *der, unsigned n)
{
    for (c->n = 0; c->n < n && c->n < CHAIN_MAX;) {
        gnutls_x509_crt_t *crt = &c->certificates[c->n];
        if (gnutls_x509_crt_init(crt))
            return false;
        c->n++;
        if (gnutls_x509_crt_import(*crt, &der[c->n - 1], GNUTLS_X509_FMT_DER))
            return false;
    }
    return c->n;
}

/* The key as it stands in the certificate (SubjectPublicKeyInfo). */
static bool key_of(gnutls_x509_crt_t crt, gnutls_datum_t *out)
{
    gnutls_pubkey_t key;
    if (gnutls_pubkey_init(&key))
        return false;
    bool good =
        !gnutls_pubkey_import_x509(key, crt, 0) && !gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, out);
    gnutls_pubkey_deinit(key);
    return good;
}

static bool same(const struct tlsa *t, const gnutls_datum_t *value)
{
    unsigned char digest[64];
    struct bytes have = bytes_from((const char *)value->data, value->size);
    if (t->matching) {
        if (gnutls_hash_fast(matchings[t->matching].digest, value->data, value->size, digest))
            return false;
        have = bytes_from((const char *)digest, matchings[t->matching].length);
    }
    return bytes_eq(have, t->data);
}

static bool names(const struct tlsa *t, gnutls_x509_crt_t crt)
{
    gnutls_datum_t value = {NULL, 0};
    bool found =
        (t->selector ? key_of(crt, &value) : !gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &value)) &&
        same(t, &value);
    gnutls_free(value.data);
    return found;
}

/* ---- the chain ---- */

static bool has_name(gnutls_x509_crt_t crt, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (gnutls_x509_crt_check_hostname(crt, list[i]))
            return true;
    return false;
}

/* Does the chain follow now from this certificate, as if that were the only authority? */
static bool follows(struct chain *c, gnutls_x509_crt_t issuer)
{
    gnutls_x509_trust_list_t trust;
    unsigned status = 0;
    if (gnutls_x509_trust_list_init(&trust, 1))
        return false;
    bool good = gnutls_x509_trust_list_add_cas(trust, &issuer, 1, 0) == 1 &&
                !gnutls_x509_trust_list_verify_crt2(trust, c->certificates, c->n, NULL, 0,
                                                    GNUTLS_VERIFY_ALLOW_ANY_X509_V1_CA_CRT, &status, NULL) &&
                !status;
    gnutls_x509_trust_list_deinit(trust, 0);
    return good;
}

enum match { MATCH_NONE, MATCH_UNTRUE, MATCH_OTHER_NAME, MATCH };

static enum match match(struct chain *c, const struct tlsa *t, const char *const *list, size_t n)
{
    if (t->usage == TLSA_OWN)
        return names(t, c->certificates[0]) ? MATCH : MATCH_NONE;
    for (unsigned i = 0; i < c->n; i++)
        if (names(t, c->certificates[i])) {
            if (!follows(c, c->certificates[i]))
                return MATCH_UNTRUE;
            return has_name(c->certificates[0], list, n) ? MATCH : MATCH_OTHER_NAME;
        }
    return MATCH_NONE;
}

int dane_check(const struct bytes *records, size_t n, const gnutls_datum_t *chain, unsigned chain_size,
               const char *const *list, size_t nnames, struct err *e)
{
    static const char *const words[] = {
        [MATCH_NONE] = "its certificate matches no TLSA record",
        [MATCH_UNTRUE] =
            "its certificate does not follow from the issuer that a TLSA record names, or not now",
        [MATCH_OTHER_NAME] =
            "its certificate is for another name, though from the issuer that a TLSA record names",
    };
    enum match best = MATCH_NONE;
    struct chain c;
    if (chain_read(&c, chain, chain_size))
        for (size_t i = 0; i < n && i < DANE_RECORDS_MAX && best != MATCH; i++) {
            struct tlsa t;
            enum match now = parse(records[i], &t) ? match(&c, &t, list, nnames) : MATCH_NONE;
            best = now > best ? now : best;
        }
    chain_done(&c);
    return best == MATCH ? 0 : err_set(e, ERR_TEMP, "%s", words[best]);
}
