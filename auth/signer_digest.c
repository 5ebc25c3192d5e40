/*
 * signer_digest.c - see signer_digest.h. TLS 1.2 with PKCS#1 arrives as RSA-RAW: what is padded and signed
 * must then be a DigestInfo (RFC 8017 section 9.2) of SHA-2, byte for byte; else the signer would sign, or
 * decrypt, whatever it is given.
 */
#include "auth/signer_digest.h"

#include "base/cleanup.h"

enum { SHA256_SIZE = 32, SHA384_SIZE = 48, SHA512_SIZE = 64, DIGEST_INFO_PREFIX = 19 };

static const struct {
    gnutls_sign_algorithm_t algorithm;
    size_t size;
} sizes[] = {
    {GNUTLS_SIGN_ECDSA_SHA256, SHA256_SIZE},
    {GNUTLS_SIGN_ECDSA_SHA384, SHA384_SIZE},
    {GNUTLS_SIGN_ECDSA_SHA512, SHA512_SIZE},
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, SHA256_SIZE},
    {GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, SHA384_SIZE},
    {GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, SHA512_SIZE},
    {GNUTLS_SIGN_RSA_PSS_SHA256, SHA256_SIZE},
    {GNUTLS_SIGN_RSA_PSS_SHA384, SHA384_SIZE},
    {GNUTLS_SIGN_RSA_PSS_SHA512, SHA512_SIZE},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, SHA256_SIZE},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, SHA384_SIZE},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, SHA512_SIZE},
    {GNUTLS_SIGN_RSA_SHA256, SHA256_SIZE},
    {GNUTLS_SIGN_RSA_SHA384, SHA384_SIZE},
    {GNUTLS_SIGN_RSA_SHA512, SHA512_SIZE},
};

/* SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.x, NULL }, OCTET STRING } up to the digest itself. */
static const struct {
    unsigned char prefix[DIGEST_INFO_PREFIX];
    size_t size;
} infos[] = {
    {{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
      0x04, 0x20},
     SHA256_SIZE},
    {{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
      0x04, 0x30},
     SHA384_SIZE},
    {{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
      0x04, 0x40},
     SHA512_SIZE},
};

static bool is_digest_info(struct bytes b)
{
    for (size_t i = 0; i < ARRAY_LEN(infos); i++)
        if (b.n == DIGEST_INFO_PREFIX + infos[i].size &&
            memcmp(b.p, infos[i].prefix, DIGEST_INFO_PREFIX) == 0)
            return true;
    return false;
}

bool signer_digest_ok(gnutls_sign_algorithm_t algorithm, struct bytes digest)
{
    if (algorithm == GNUTLS_SIGN_RSA_RAW)
        return is_digest_info(digest);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (sizes[i].algorithm == algorithm)
            return digest.n == sizes[i].size;
    return false;
}
