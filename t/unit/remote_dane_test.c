/* remote_dane_test.c - TLSA records of every kind against chains that are made for it. */
#include "relay/remote_dane.h"

#include "t/unit/unit.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

struct pair {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    gnutls_datum_t der;
};

enum { LEAF = 1, EXPIRED = 2 };

/* All that was made; each test runs in a process of its own, and ends with forget(). */
static struct pair made[16];
static size_t made_count;

static void forget(void)
{
    for (; made_count; made_count--) {
        struct pair *p = &made[made_count - 1];
        gnutls_x509_privkey_deinit(p->key);
        gnutls_x509_crt_deinit(p->crt);
        gnutls_free(p->der.data);
    }
}

/* A certificate for that name, by that issuer (NULL: by itself). */
static struct pair make(const char *name, const struct pair *issuer, int flags)
{
    static unsigned char serial;
    struct pair p;
    time_t now = time(NULL);
    serial++;
    gnutls_x509_privkey_init(&p.key);
    ck_assert_int_eq(gnutls_x509_privkey_generate(p.key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    gnutls_x509_crt_init(&p.crt);
    gnutls_x509_crt_set_version(p.crt, 3);
    gnutls_x509_crt_set_serial(p.crt, &serial, 1);
    gnutls_x509_crt_set_dn_by_oid(p.crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
    gnutls_x509_crt_set_key(p.crt, p.key);
    gnutls_x509_crt_set_activation_time(p.crt, now - 86400);
    gnutls_x509_crt_set_expiration_time(p.crt, flags & EXPIRED ? now - 3600 : now + 86400);
    gnutls_x509_crt_set_basic_constraints(p.crt, !(flags & LEAF), -1);
    if (flags & LEAF)
        gnutls_x509_crt_set_subject_alt_name(p.crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                             GNUTLS_FSAN_SET);
    else
        gnutls_x509_crt_set_key_usage(p.crt, GNUTLS_KEY_KEY_CERT_SIGN);
    const struct pair *by = issuer ? issuer : &p;
    ck_assert_int_eq(gnutls_x509_crt_sign2(p.crt, by->crt, by->key, GNUTLS_DIG_SHA256, 0), 0);
    gnutls_x509_crt_export2(p.crt, GNUTLS_X509_FMT_DER, &p.der);
    ck_assert_uint_lt(made_count, sizeof made / sizeof *made);
    made[made_count++] = p;
    return p;
}

/* RDATA of a TLSA record for that certificate. */
static struct bytes tlsa(unsigned usage, unsigned selector, unsigned matching, const struct pair *p)
{
    static unsigned char buffers[8][4096];
    static unsigned turn;
    unsigned char *out = buffers[turn++ % 8];
    gnutls_datum_t value = p->der, exported = {0};
    gnutls_pubkey_t key;
    gnutls_pubkey_init(&key);
    gnutls_pubkey_import_x509(key, p->crt, 0);
    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &exported);
    gnutls_pubkey_deinit(key);
    if (selector)
        value = exported;
    out[0] = (unsigned char)usage;
    out[1] = (unsigned char)selector;
    out[2] = (unsigned char)matching;
    if (!matching)
        memcpy(out + 3, value.data, value.size);
    else
        gnutls_hash_fast(matching == 1 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512, value.data, value.size,
                         out + 3);
    size_t n = 3 + (matching == 1 ? 32 : matching == 2 ? 64 : value.size);
    gnutls_free(exported.data);
    return bytes_from((char *)out, n);
}

static int check(struct bytes record, const char *name, size_t n, const struct pair *const *chain)
{
    gnutls_datum_t der[4];
    struct err e;
    for (size_t i = 0; i < n; i++)
        der[i] = chain[i]->der;
    int r = dane_check(&record, 1, der, (unsigned)n, &name, 1, &e);
    ck_assert(r == 0 || *e.text);
    return r;
}

START_TEST(knows_the_own_certificate_by_every_selector_and_matching)
{
    struct pair leaf = make("mx.example", NULL, LEAF), other = make("mx.example", NULL, LEAF);
    const struct pair *chain[] = {&leaf};
    for (unsigned selector = 0; selector < 2; selector++)
        for (unsigned matching = 0; matching < 3; matching++) {
            ck_assert_int_eq(check(tlsa(3, selector, matching, &leaf), "mx.example", 1, chain), 0);
            ck_assert_int_eq(check(tlsa(3, selector, matching, &other), "mx.example", 1, chain), -1);
        }
    forget();
}
END_TEST

START_TEST(asks_the_own_certificate_for_no_name_and_no_date)
{
    struct pair leaf = make("elsewhere.example", NULL, LEAF | EXPIRED);
    const struct pair *chain[] = {&leaf};
    ck_assert_int_eq(check(tlsa(3, 1, 1, &leaf), "mx.example", 1, chain), 0);
    forget();
}
END_TEST

START_TEST(follows_the_chain_from_the_named_issuer)
{
    struct pair root = make("root", NULL, 0), ca = make("ca", &root, 0), leaf = make("mx.example", &ca, LEAF);
    const struct pair *chain[] = {&leaf, &ca, &root};
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "mx.example", 2, chain), 0);
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "mx.example", 3, chain), 0);
    ck_assert_int_eq(check(tlsa(2, 1, 2, &root), "mx.example", 3, chain), 0);
    ck_assert_int_eq(check(tlsa(2, 0, 0, &root), "mx.example", 3, chain), 0);
    forget();
}
END_TEST

START_TEST(wants_the_name_and_the_date_under_an_issuer)
{
    struct pair ca = make("ca", NULL, 0), leaf = make("mx.example", &ca, LEAF),
                old = make("mx.example", &ca, LEAF | EXPIRED);
    const struct pair *good[] = {&leaf, &ca}, *expired[] = {&old, &ca};
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "other.example", 2, good), -1);
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "mx.example", 2, expired), -1);
    forget();
}
END_TEST

START_TEST(believes_no_issuer_that_has_not_signed_or_is_not_sent)
{
    struct pair ca = make("ca", NULL, 0), twin = make("ca", NULL, 0), leaf = make("mx.example", &twin, LEAF);
    const struct pair *chain[] = {&leaf, &ca};
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "mx.example", 2, chain), -1);
    ck_assert_int_eq(check(tlsa(2, 0, 1, &twin), "mx.example", 1, chain), -1);
    ck_assert_int_eq(check(tlsa(2, 0, 1, &ca), "mx.example", 0, chain), -1);
    forget();
}
END_TEST

START_TEST(goes_by_no_record_of_another_kind)
{
    struct pair leaf = make("mx.example", NULL, LEAF);
    const struct pair *chain[] = {&leaf};
    for (unsigned usage = 0; usage < 2; usage++)
        ck_assert_int_eq(check(tlsa(usage, 0, 1, &leaf), "mx.example", 1, chain), -1);
    struct bytes good = tlsa(3, 1, 1, &leaf);
    struct bytes records[] = {
        tlsa(0, 0, 1, &leaf), tlsa(1, 1, 1, &leaf),           BYTES("\3\2\1x"),      BYTES("\3\1\3x"),
        BYTES("\4\1\1"),      bytes_from(good.p, good.n - 1), bytes_from(good.p, 3), BYTES("")};
    ck_assert_uint_eq(dane_usable(records, 8), 0);
    ck_assert_uint_eq(dane_usable(&good, 1), 1);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(check(records[i], "mx.example", 1, chain), -1);
    forget();
}
END_TEST

START_TEST(takes_one_good_record_among_others)
{
    struct pair leaf = make("mx.example", NULL, LEAF), other = make("mx.example", NULL, LEAF);
    struct bytes records[] = {tlsa(3, 1, 1, &other), tlsa(2, 0, 1, &other), tlsa(3, 0, 2, &leaf)};
    const char *name = "mx.example";
    struct err e;
    ck_assert_int_eq(dane_check(records, 3, &leaf.der, 1, &name, 1, &e), 0);
    ck_assert_int_eq(dane_check(records, 2, &leaf.der, 1, &name, 1, &e), -1);
    forget();
}
END_TEST

START_TEST(bears_garbage_in_place_of_certificates)
{
    struct pair leaf = make("mx.example", NULL, LEAF);
    gnutls_datum_t chain[] = {{(unsigned char *)"garbage", 7}, leaf.der};
    struct bytes record = tlsa(3, 1, 1, &leaf);
    const char *name = "mx.example";
    ck_assert_int_eq(dane_check(&record, 1, chain, 2, &name, 1, NULL), -1);
    forget();
}
END_TEST

UNIT_MAIN("remote_dane", knows_the_own_certificate_by_every_selector_and_matching,
          asks_the_own_certificate_for_no_name_and_no_date, follows_the_chain_from_the_named_issuer,
          wants_the_name_and_the_date_under_an_issuer, believes_no_issuer_that_has_not_signed_or_is_not_sent,
          goes_by_no_record_of_another_kind, takes_one_good_record_among_others,
          bears_garbage_in_place_of_certificates)
