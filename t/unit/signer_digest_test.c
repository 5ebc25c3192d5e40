#include "auth/signer_digest.h"

#include "t/unit/unit.h"

static const unsigned char sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                            0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

START_TEST(takes_digests_of_the_algorithms_size_only)
{
    static const char digest[128];
    ck_assert(signer_digest_ok(GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, bytes_from(digest, 32)));
    ck_assert(signer_digest_ok(GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, bytes_from(digest, 64)));
    for (size_t n = 0; n <= sizeof(digest); n++) {
        ck_assert(signer_digest_ok(GNUTLS_SIGN_ECDSA_SHA384, bytes_from(digest, n)) == (n == 48));
        ck_assert(!signer_digest_ok(GNUTLS_SIGN_RSA_SHA1, bytes_from(digest, n)));
        ck_assert(!signer_digest_ok(GNUTLS_SIGN_RSA_RAW, bytes_from(digest, n)));
        ck_assert(!signer_digest_ok((gnutls_sign_algorithm_t)9999, bytes_from(digest, n)));
    }
}
END_TEST

START_TEST(takes_raw_rsa_of_whole_digest_infos_only)
{
    char info[sizeof(sha256_info) + 33] = {0};
    memcpy(info, sha256_info, sizeof(sha256_info));
    ck_assert(signer_digest_ok(GNUTLS_SIGN_RSA_RAW, bytes_from(info, sizeof(sha256_info) + 32)));
    ck_assert(!signer_digest_ok(GNUTLS_SIGN_RSA_RAW, bytes_from(info, sizeof(sha256_info) + 31)));
    ck_assert(!signer_digest_ok(GNUTLS_SIGN_RSA_RAW, bytes_from(info, sizeof(sha256_info) + 33)));
    for (size_t i = 0; i < sizeof(sha256_info); i++) {
        info[i] ^= 1;
        ck_assert(!signer_digest_ok(GNUTLS_SIGN_RSA_RAW, bytes_from(info, sizeof(sha256_info) + 32)));
        info[i] ^= 1;
    }
}
END_TEST

UNIT_MAIN("signer_digest", takes_digests_of_the_algorithms_size_only,
          takes_raw_rsa_of_whole_digest_infos_only)
