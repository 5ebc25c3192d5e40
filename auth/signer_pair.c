/*
 * signer_pair.c - see signer_pair.h. On the way of a login this is where the handshake's signature is made.
 *
 * Chain and key are two files, which nobody replaces in one step: a pair that does not match is refused, the
 * old one stays, and the next change brings the other half.
 */
#include "auth/signer_pair.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define AUTO_STRBUF_SECRET __attribute__((cleanup(strbuf_done_secret)))

static int read_pem(int fd, const char *what, struct strbuf *pem, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(e, errno, "the %s", what);
    if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > PEM_MAX)
        return err_set(e, ERR_INVALID, "the %s is no regular file of 1 to %d bytes", what, PEM_MAX);
    char *room = strbuf_room(pem, (size_t)st.st_size);
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : -1;
    if (n < 0)
        return err_errno(e, errno, "reading the %s", what);
    strbuf_extend(pem, (size_t)n);
    return 0;
}

static gnutls_datum_t datum(const struct strbuf *sb)
{
    return (gnutls_datum_t){(unsigned char *)sb->data, (unsigned)sb->len};
}

static int import_key(gnutls_privkey_t *key, const struct strbuf *pem, struct err *e)
{
    gnutls_datum_t d = datum(pem);
    if (gnutls_privkey_init(key) < 0)
        return err_set(e, ERR_TEMP, "no memory for the key");
    int status = gnutls_privkey_import_x509_raw(*key, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (status < 0)
        return err_set(e, ERR_INVALID, "the key: %s", gnutls_strerror(status));
    int algorithm = gnutls_privkey_get_pk_algorithm(*key, NULL);
    if (algorithm != GNUTLS_PK_ECDSA && algorithm != GNUTLS_PK_RSA && algorithm != GNUTLS_PK_RSA_PSS)
        return err_set(e, ERR_INVALID, "a key of kind %s cannot be used; P-256 (best) and RSA can",
                       gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm));
    return 0;
}

/* ---- what the certificate says ---- */

/* In lower case; names that are no host names (NUL, blanks, other alphabets) are passed over. */
static void add_name(struct signer_pair *pair, size_t *n, const char *name, size_t size)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.*";
    AUTO_STRBUF struct strbuf lower = STRBUF_INIT(PAIR_NAME_OCTETS);
    for (size_t i = 0; i < size; i++) {
        char c = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
        if (c == '\0' || !strchr(ok, c) || !strbuf_addc(&lower, c))
            return;
    }
    if (lower.len == 0 || *n == PAIR_NAMES_MAX)
        return;
    pair->names = xgrow(pair->names, *n + 1, sizeof(*pair->names));
    pair->names[(*n)++] = strbuf_detach(&lower);
    pair->names[*n] = NULL;
}

static void read_certificate(struct signer_pair *pair, gnutls_x509_crt_t crt)
{
    char name[PAIR_NAME_OCTETS + 2];
    size_t n = 0, size;
    int type;
    for (unsigned i = 0;; i++) {
        size = sizeof(name);
        type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (type == GNUTLS_SAN_DNSNAME)
            add_name(pair, &n, name, size);
    }
    size = sizeof(name);
    if (n == 0 && gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == 0)
        add_name(pair, &n, name, size);
    pair->expires = gnutls_x509_crt_get_expiration_time(crt);
    pair->rsa = gnutls_x509_crt_get_pk_algorithm(crt, NULL) != GNUTLS_PK_ECDSA;
    pair->selfsigned = gnutls_x509_crt_check_issuer(crt, crt) != 0;
}

static void free_names(char **names)
{
    for (char **name = names; name && *name; name++)
        free(*name);
    free(names);
}

/* The first certificate of the chain must be the key's. */
static int check_match(struct signer_pair *pair, gnutls_privkey_t key, const struct strbuf *chain,
                       struct err *e)
{
    gnutls_datum_t d = datum(chain);
    gnutls_x509_crt_t *certificates = NULL;
    unsigned count = 0;
    unsigned char of_key[64], of_certificate[64];
    size_t nkey = sizeof(of_key), ncertificate = sizeof(of_certificate);
    int status = gnutls_x509_crt_list_import2(&certificates, &count, &d, GNUTLS_X509_FMT_PEM, 0);
    if (status < 0)
        return err_set(e, ERR_INVALID, "the certificate: %s", gnutls_strerror(status));
    gnutls_pubkey_t public;
    status = gnutls_pubkey_init(&public);
    if (status == 0) {
        status = gnutls_pubkey_import_privkey(public, key, 0, 0);
        if (status == 0)
            status = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &nkey);
        gnutls_pubkey_deinit(public);
    }
    if (status == 0)
        status = gnutls_x509_crt_get_key_id(certificates[0], GNUTLS_KEYID_USE_SHA256, of_certificate,
                                            &ncertificate);
    bool match = status >= 0 && nkey == ncertificate && memcmp(of_key, of_certificate, nkey) == 0;
    if (match)
        read_certificate(pair, certificates[0]);
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    gnutls_free(certificates);
    if (status < 0)
        return err_set(e, ERR_INVALID, "comparing key and certificate: %s", gnutls_strerror(status));
    if (!match)
        return err_set(e, ERR_INVALID, "the key does not belong to the first certificate of the chain");
    return 0;
}

int signer_pair_read(struct signer_pair *pair, int chain_fd, int key_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf chain = STRBUF_INIT(PEM_MAX);
    AUTO_STRBUF_SECRET struct strbuf pem = STRBUF_INIT(PEM_MAX);
    gnutls_privkey_t key = NULL;
    if (read_pem(chain_fd, "certificate", &chain, e) != 0 || read_pem(key_fd, "key", &pem, e) != 0)
        return -1;
    if (import_key(&key, &pem, e) != 0 || check_match(pair, key, &chain, e) != 0) {
        gnutls_privkey_deinit(key);
        return -1;
    }
    pair->key = key;
    pair->chain = chain;
    strbuf_init(&chain, PEM_MAX); /* the bytes are the pair's now */
    return 0;
}

void signer_pair_done(struct signer_pair *pair)
{
    gnutls_privkey_deinit(pair->key);
    strbuf_done(&pair->chain);
    free_names(pair->names);
    *pair = (struct signer_pair){.serial = 0};
}

bool signer_pair_sign(const struct signer_pair *pair, gnutls_sign_algorithm_t algorithm, struct bytes digest,
                      struct strbuf *signature)
{
    const gnutls_datum_t data = {(unsigned char *)digest.p, (unsigned)digest.n};
    gnutls_datum_t made = {NULL, 0};
    if (gnutls_privkey_sign_hash2(pair->key, algorithm, 0, &data, &made) < 0)
        return false;
    bool kept = strbuf_add(signature, made.data, made.size);
    gnutls_free(made.data);
    return kept;
}
