/*
 * tls_signer.c - asking the signer for certificates, signatures and the key of tickets. See tls.h for the records.
 *
 * GnuTLS only ever calls sign_hash of an external key, never sign_data; the info function must answer
 * PK_ALGO, PK_ALGO_BITS and HAVE_SIGN_ALGO, and for RSA say yes to the PSS algorithms. One signature is made
 * when key and certificate are set, to see that they match: the signer must be up by then.
 */
#include "base/cleanup.h"
#include "base/msg.h"
#include "base/tls_internal.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdlib.h>

#define SIGNER_TIMEOUT_MS 2000
#define CHAIN_MAX         16 /* certificates */

struct key { /* what GnuTLS takes for a private key */
    struct tls_signer *signer;
    uint64_t serial;
    gnutls_pk_algorithm_t pk;
    unsigned bits;
};

struct tls_signer *tls_signer_new(const char *path)
{
    struct tls_signer *signer = xcalloc(1, sizeof *signer);
    *signer = (struct tls_signer){.refs = 1, .path = xstrdup(path), .fd = -1};
    return signer;
}

void tls_signer_unref(struct tls_signer *signer)
{
    if (!signer || --signer->refs)
        return;
    cleanup_close(&signer->fd);
    free(signer->path);
    free(signer);
}

void tls_signer_rest(struct tls_signer *signer)
{
    cleanup_close(&signer->fd);
    signer->fd = -1;
}

/* ---- questions ---- */

/* Send m and receive an answer of the same type; on a connection that broke (the signer was restarted) once
 * more. */
static int ask(struct tls_signer *signer, struct msg *m, uint16_t type, struct strbuf *buf, struct msg_in *in)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (signer->fd < 0)
            signer->fd = msg_connect(signer->path);
        if (signer->fd >= 0 && !msg_send(signer->fd, m) &&
            msg_recv(signer->fd, buf, in, SIGNER_TIMEOUT_MS) == 1) {
            if (in->type == type)
                return 0;
            msg_in_done(in);
            errno = EPROTO;
        }
        cleanup_close(&signer->fd);
        signer->fd = -1;
    }
    return -1;
}

static int not_there(const struct tls_signer *signer, struct err *e)
{
    return err_errno(e, errno, "no certificate from the signer at %s (is posthouse-authd running?)",
                     signer->path);
}

static int nonsense(const struct tls_signer *signer, struct err *e)
{
    return err_set(e, ERR_TEMP, "the signer at %s has no usable certificate", signer->path);
}

int tls_ask_state(struct tls_signer *signer, struct tls_state *state, struct err *e)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    msg_init(&m, TLS_SIGNER_STATE);
    if (ask(signer, &m, TLS_SIGNER_STATE, &buf, &in))
        return not_there(signer, e);
    state->generation = msg_get_u64(&in);
    strbuf_clear(state->tickets);
    strbuf_addb(state->tickets, msg_get_bytes(&in));
    explicit_bzero(buf.data, buf.len);
    bool whole = msg_end(&in) && state->tickets->len == TLS_TICKET_KEY;
    msg_in_done(&in);
    return whole ? 0 : nonsense(signer, e);
}

int tls_ask_name(struct tls_signer *signer, struct bytes name, uint64_t serials[TLS_KINDS], struct err *e)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    msg_init(&m, TLS_SIGNER_NAME);
    msg_put_bytes(&m, name);
    if (ask(signer, &m, TLS_SIGNER_NAME, &buf, &in))
        return not_there(signer, e);
    uint32_t n = msg_get_u32(&in);
    for (uint32_t i = 0; i < TLS_KINDS; i++)
        serials[i] = i < n ? msg_get_u64(&in) : 0;
    bool whole = msg_end(&in) && n > 0 && n <= TLS_KINDS;
    msg_in_done(&in);
    return whole ? (int)n : nonsense(signer, e);
}

static int ask_chain(struct tls_signer *signer, uint64_t serial, struct strbuf *pem, struct err *e)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    msg_init(&m, TLS_SIGNER_CHAIN);
    msg_put_u64(&m, serial);
    if (ask(signer, &m, TLS_SIGNER_CHAIN, &buf, &in))
        return not_there(signer, e);
    bool same = msg_get_u64(&in) == serial;
    strbuf_addb(pem, msg_get_bytes(&in));
    bool whole = msg_end(&in) && same && pem->len > 0;
    msg_in_done(&in);
    return whole ? 0 : nonsense(signer, e);
}

/* ---- the key ---- */

static int sign_hash(gnutls_privkey_t gnutls_key, gnutls_sign_algorithm_t algo, void *userdata,
                     unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    const struct key *key = userdata;
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    (void)gnutls_key;
    (void)flags;
    msg_init(&m, TLS_SIGNER_SIGN);
    msg_put_u64(&m, key->serial);
    msg_put_u32(&m, algo);
    msg_put_bytes(&m, bytes_from(hash->data, hash->size));
    if (ask(key->signer, &m, TLS_SIGNER_SIGN, &buf, &in))
        return GNUTLS_E_PK_SIGN_FAILED;
    uint32_t ok = msg_get_u32(&in);
    struct bytes answer = msg_get_bytes(&in);
    bool good = msg_end(&in) && ok && answer.n;
    msg_in_done(&in);
    if (!good)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = gnutls_malloc(answer.n);
    if (!signature->data)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, answer.p, answer.n);
    signature->size = (unsigned)answer.n;
    return 0;
}

/* Which signatures our kind of key can make: those of its own algorithm, and PSS for plain RSA keys. */
static bool can_sign(const struct key *key, gnutls_sign_algorithm_t algo)
{
    gnutls_pk_algorithm_t pk = gnutls_sign_get_pk_algorithm(algo);
    return pk == key->pk || (key->pk == GNUTLS_PK_RSA && pk == GNUTLS_PK_RSA_PSS) ||
           (key->pk == GNUTLS_PK_RSA && algo == GNUTLS_SIGN_RSA_RAW);
}

static int key_info(gnutls_privkey_t gnutls_key, unsigned int flags, void *userdata)
{
    const struct key *key = userdata;
    (void)gnutls_key;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return (int)key->pk;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)key->bits;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return can_sign(key, GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
    return -1;
}

static void key_free(gnutls_privkey_t gnutls_key, void *userdata)
{
    struct key *key = userdata;
    (void)gnutls_key;
    tls_signer_unref(key->signer);
    free(key);
}

static int tls_err(struct err *e, const char *what, int code)
{
    return err_set(e, ERR_TEMP, "TLS: %s: %s", what, gnutls_strerror(code));
}

int tls_add_key(struct tls_signer *signer, uint64_t serial, gnutls_certificate_credentials_t credentials,
                struct err *e)
{
    AUTO_STRBUF struct strbuf pem = STRBUF_INIT(MSG_MAX);
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n = CHAIN_MAX;
    gnutls_privkey_t private;
    if (ask_chain(signer, serial, &pem, e))
        return -1;
    gnutls_datum_t datum = {(unsigned char *)pem.data, (unsigned)pem.len};
    int r = gnutls_pcert_list_import_x509_raw(chain, &n, &datum, GNUTLS_X509_FMT_PEM, 0);
    if (r < 0)
        return tls_err(e, "certificate chain", r);
    struct key *key = xcalloc(1, sizeof *key);
    *key = (struct key){.signer = signer, .serial = serial};
    signer->refs++;
    key->pk = (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(chain[0].pubkey, &key->bits);
    r = gnutls_privkey_init(&private);
    if (!r)
        r = gnutls_privkey_import_ext4(private, key, NULL, sign_hash, NULL, key_free, key_info, 0);
    if (!r)
        r = gnutls_certificate_set_key(credentials, NULL, 0, chain, (int)n, private);
    return r < 0 ? tls_err(e, "certificate and key", r) : 0; /* chain and key are the credentials' now */
}
