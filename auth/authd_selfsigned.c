/*
 * authd_selfsigned.c - see authd_selfsigned.h. Runs in a short-lived child of authd on the first start.
 */
#include "auth/authd_selfsigned.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { DAYS = 3650, SERIAL_BYTES = 16, FINGERPRINT_BYTES = 32 };

struct made {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
};

static int set_times(gnutls_x509_crt_t crt)
{
    time_t now = time(NULL);
    int status = gnutls_x509_crt_set_activation_time(crt, now - 3600);
    return status < 0 ? status : gnutls_x509_crt_set_expiration_time(crt, now + (time_t)DAYS * 86400);
}

static int set_names(gnutls_x509_crt_t crt, const char *hostname)
{
    static const char *const extra = "localhost";
    int status = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, hostname,
                                               (unsigned)(strlen(hostname) < 64 ? strlen(hostname) : 64));
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, hostname,
                                                      (unsigned)strlen(hostname), GNUTLS_FSAN_SET);
    if (status >= 0 && strcmp(hostname, extra) != 0)
        status = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, extra, (unsigned)strlen(extra),
                                                      GNUTLS_FSAN_APPEND);
    return status;
}

static int set_purpose(gnutls_x509_crt_t crt)
{
    int status = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (status >= 0)
        status = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (status >= 0)
        status = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    return status;
}

static int set_serial(gnutls_x509_crt_t crt)
{
    unsigned char serial[SERIAL_BYTES];
    if (getrandom(serial, sizeof(serial), 0) != sizeof(serial))
        return GNUTLS_E_RANDOM_FAILED;
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of full length */
    return gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
}

/* Stops at the first step that fails; its status. */
static int make(struct made *made, const char *hostname)
{
    int status = gnutls_x509_privkey_init(&made->key);
    if (status >= 0)
        status = gnutls_x509_crt_init(&made->crt);
    if (status >= 0)
        status = gnutls_x509_privkey_generate(made->key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (status >= 0)
        status = gnutls_x509_crt_set_version(made->crt, 3);
    if (status >= 0)
        status = gnutls_x509_crt_set_key(made->crt, made->key);
    if (status >= 0)
        status = set_serial(made->crt);
    if (status >= 0)
        status = set_times(made->crt);
    if (status >= 0)
        status = set_names(made->crt, hostname);
    if (status >= 0)
        status = set_purpose(made->crt);
    if (status >= 0)
        status = gnutls_x509_crt_sign2(made->crt, made->crt, made->key, GNUTLS_DIG_SHA256, 0);
    return status;
}

static int write_pem(int dirfd, const char *name, gnutls_datum_t *pem, mode_t mode, struct err *e)
{
    AUTO_STRBUF struct strbuf tmp = STRBUF_INIT(64);
    strbuf_addf(&tmp, ".%s.new", name);
    int status = fs_replace(dirfd, name, tmp.data, bytes_from(pem->data, pem->size), mode, true, e);
    explicit_bzero(pem->data, pem->size);
    gnutls_free(pem->data);
    return status;
}

/* The key first: a certificate whose key is not there yet would be handed out. */
static int write_both(const char *dir, const struct made *made, struct err *e)
{
    gnutls_datum_t key_pem, crt_pem;
    AUTO_CLOSE int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return err_errno(e, errno, "cannot open %s", dir);
    if (gnutls_x509_privkey_export2_pkcs8(made->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem) <
            0 ||
        gnutls_x509_crt_export2(made->crt, GNUTLS_X509_FMT_PEM, &crt_pem) < 0)
        return err_set(e, ERR_INTERNAL, "the self-signed certificate cannot be written as PEM");
    if (write_pem(dirfd, "key.pem", &key_pem, 0600, e) != 0)
        return -1;
    return write_pem(dirfd, "cert.pem", &crt_pem, 0644, e);
}

static void say(const char *dir, const char *hostname, gnutls_x509_crt_t crt)
{
    unsigned char fingerprint[FINGERPRINT_BYTES];
    size_t n = sizeof(fingerprint);
    AUTO_STRBUF struct strbuf hex = STRBUF_INIT(2 * FINGERPRINT_BYTES);
    if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, fingerprint, &n) == 0)
        hex_encode(&hex, fingerprint, n);
    log_info(
        "no certificate is configured: made a self-signed one for %s in %s, SHA-256 fingerprint %s; mail "
        "programs will ask whether to trust it",
        hostname, dir, hex.data);
}

int selfsigned_make(const char *dir, const char *hostname, struct err *e)
{
    struct made made = {NULL, NULL};
    int status = make(&made, hostname);
    int result = status < 0 ? err_set(e, ERR_TEMP, "self-signed certificate: %s", gnutls_strerror(status))
                            : write_both(dir, &made, e);
    if (result == 0)
        say(dir, hostname, made.crt);
    gnutls_x509_crt_deinit(made.crt);
    gnutls_x509_privkey_deinit(made.key);
    return result;
}
