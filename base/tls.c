/*
 * tls.c - GnuTLS contexts whose private key is in another process. See tls.h.
 *
 * GnuTLS only ever calls sign_hash of an external key, never sign_data; the info function must answer
 * PK_ALGO, PK_ALGO_BITS and HAVE_SIGN_ALGO, and for RSA say yes to the PSS algorithms. One signature is made
 * when key and certificate are set, to see that they match: the signer must be up by then. The priority
 * string is parsed once for each context and shared by its sessions (8 KB each otherwise).
 */
#include "base/tls.h"

#include "base/cleanup.h"
#include "base/msg.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNER_TIMEOUT_MS 2000
#define CHAIN_MAX         16 /* certificates */

static const char PRIORITIES[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-GROUP-ALL:+GROUP-X25519:"
                                 "+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-FFDHE2048:%SERVER_PRECEDENCE";

struct tls_context {
    unsigned refs;
    bool server, verify;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key;
    /* servers: where the key is, and which */
    char *signer;
    int signer_fd;
    uint64_t serial;
    gnutls_pk_algorithm_t pk;
    unsigned bits;
};

/* ---- asking the signer ---- */

/* Send m and receive an answer of the same type; on a connection that broke (the signer was restarted) once
 * more. */
static int ask(struct tls_context *ctx, struct msg *m, uint16_t type, struct strbuf *buf, struct msg_in *in)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (ctx->signer_fd < 0)
            ctx->signer_fd = msg_connect(ctx->signer);
        if (ctx->signer_fd >= 0 && !msg_send(ctx->signer_fd, m) &&
            msg_recv(ctx->signer_fd, buf, in, SIGNER_TIMEOUT_MS) == 1) {
            if (in->type == type)
                return 0;
            msg_in_done(in);
            errno = EPROTO;
        }
        cleanup_close(&ctx->signer_fd);
        ctx->signer_fd = -1;
    }
    return -1;
}

static int ask_chain(struct tls_context *ctx, struct strbuf *pem, struct err *e)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    msg_init(&m, TLS_SIGNER_CHAIN);
    if (ask(ctx, &m, TLS_SIGNER_CHAIN, &buf, &in))
        return err_errno(e, errno, "no certificate from the signer at %s (is posthouse-authd running?)",
                         ctx->signer);
    ctx->serial = msg_get_u64(&in);
    strbuf_addb(pem, msg_get_bytes(&in));
    bool whole = msg_end(&in) && pem->len > 0;
    msg_in_done(&in);
    return whole ? 0 : err_set(e, ERR_TEMP, "the signer at %s has no usable certificate", ctx->signer);
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algo, void *userdata, unsigned flags,
                     const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    struct tls_context *ctx = userdata;
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    (void)key;
    (void)flags;
    msg_init(&m, TLS_SIGNER_SIGN);
    msg_put_u64(&m, ctx->serial);
    msg_put_u32(&m, algo);
    msg_put_bytes(&m, bytes_from(hash->data, hash->size));
    if (ask(ctx, &m, TLS_SIGNER_SIGN, &buf, &in))
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
static bool can_sign(const struct tls_context *ctx, gnutls_sign_algorithm_t algo)
{
    gnutls_pk_algorithm_t pk = gnutls_sign_get_pk_algorithm(algo);
    return pk == ctx->pk || (ctx->pk == GNUTLS_PK_RSA && pk == GNUTLS_PK_RSA_PSS) ||
           (ctx->pk == GNUTLS_PK_RSA && algo == GNUTLS_SIGN_RSA_RAW);
}

static int key_info(gnutls_privkey_t key, unsigned int flags, void *userdata)
{
    const struct tls_context *ctx = userdata;
    (void)key;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return (int)ctx->pk;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)ctx->bits;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return can_sign(ctx, GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
    return -1;
}

/* ---- contexts ---- */

static int tls_err(struct err *e, const char *what, int code)
{
    return err_set(e, ERR_TEMP, "TLS: %s: %s", what, gnutls_strerror(code));
}

static struct tls_context *context_new(bool server, struct err *e)
{
    struct tls_context *ctx = xcalloc(1, sizeof *ctx);
    *ctx = (struct tls_context){.refs = 1, .server = server, .signer_fd = -1};
    int r = gnutls_certificate_allocate_credentials(&ctx->credentials);
    if (!r)
        r = gnutls_priority_init(&ctx->priority, PRIORITIES, NULL);
    if (!r && server)
        r = gnutls_session_ticket_key_generate(&ctx->ticket_key);
    if (!r)
        return ctx;
    tls_err(e, "context", r);
    tls_context_unref(ctx);
    return NULL;
}

/* The chain into the credentials, with a key that only knows where to ask. GnuTLS owns chain and key
 * afterwards. */
static int set_key(struct tls_context *ctx, struct bytes pem, struct err *e)
{
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n = CHAIN_MAX;
    gnutls_datum_t datum = {(unsigned char *)pem.p, (unsigned)pem.n};
    gnutls_privkey_t key;
    int r = gnutls_pcert_list_import_x509_raw(chain, &n, &datum, GNUTLS_X509_FMT_PEM, 0);
    if (r < 0)
        return tls_err(e, "certificate chain", r);
    ctx->pk = (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(chain[0].pubkey, &ctx->bits);
    r = gnutls_privkey_init(&key);
    if (!r)
        r = gnutls_privkey_import_ext4(key, ctx, NULL, sign_hash, NULL, NULL, key_info, 0);
    if (!r)
        r = gnutls_certificate_set_key(ctx->credentials, NULL, 0, chain, (int)n, key);
    return r < 0 ? tls_err(e, "certificate and key", r) : 0;
}

struct tls_context *tls_server_context(const char *signer, struct err *e)
{
    struct tls_context *ctx = context_new(true, e);
    if (!ctx)
        return NULL;
    AUTO_STRBUF struct strbuf pem = STRBUF_INIT(MSG_MAX);
    ctx->signer = xstrdup(signer);
    if (!ask_chain(ctx, &pem, e) && !set_key(ctx, strbuf_bytes(&pem), e))
        return ctx;
    tls_context_unref(ctx);
    return NULL;
}

int tls_server_renew(struct tls_context **ctx, struct err *e)
{
    AUTO_STRBUF struct strbuf pem = STRBUF_INIT(MSG_MAX);
    uint64_t serial = (*ctx)->serial;
    int r = ask_chain(*ctx, &pem, e);
    bool changed = !r && (*ctx)->serial != serial;
    (*ctx)->serial = serial;
    if (!changed)
        return r;
    struct tls_context *fresh = tls_server_context((*ctx)->signer, e);
    if (!fresh)
        return -1;
    tls_context_unref(*ctx);
    *ctx = fresh;
    return 0;
}

struct tls_context *tls_client_context(bool verify, struct err *e)
{
    struct tls_context *ctx = context_new(false, e);
    if (!ctx)
        return NULL;
    ctx->verify = verify;
    int r = verify ? gnutls_certificate_set_x509_system_trust(ctx->credentials) : 0;
    if (r >= 0)
        return ctx;
    tls_err(e, "the system's certificate authorities (package ca-certificates)", r);
    tls_context_unref(ctx);
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *ctx)
{
    ctx->refs++;
    return ctx;
}

void tls_context_unref(struct tls_context *ctx)
{
    if (!ctx || --ctx->refs)
        return;
    gnutls_certificate_free_credentials(ctx->credentials);
    gnutls_priority_deinit(ctx->priority);
    if (ctx->ticket_key.data)
        gnutls_memset(ctx->ticket_key.data, 0, ctx->ticket_key.size);
    gnutls_free(ctx->ticket_key.data);
    cleanup_close(&ctx->signer_fd);
    free(ctx->signer);
    free(ctx);
}

/* ---- sessions ---- */

static void set_peer(gnutls_session_t session, const struct tls_context *ctx, const char *host)
{
    if (host)
        gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
    if (host && ctx->verify)
        gnutls_session_set_verify_cert(session, host, 0);
}

gnutls_session_t tls_session_new(struct tls_context *ctx, int fd, const char *host)
{
    gnutls_session_t session;
    unsigned flags = (ctx->server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    if (gnutls_init(&session, flags))
        return NULL;
    gnutls_priority_set(session, ctx->priority);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, ctx->credentials);
    if (ctx->server) {
        gnutls_session_ticket_enable_server(session, &ctx->ticket_key);
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE);
    } else {
        set_peer(session, ctx, host);
    }
    gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT); /* deadlines are the owner's */
    gnutls_transport_set_int(session, fd);
    gnutls_session_set_ptr(session, tls_context_ref(ctx));
    return session;
}

void tls_session_free(gnutls_session_t session)
{
    if (!session)
        return;
    struct tls_context *ctx = gnutls_session_get_ptr(session);
    gnutls_deinit(session);
    tls_context_unref(ctx);
}

void tls_describe(gnutls_session_t session, char *buf, size_t size)
{
    const char *suite = gnutls_ciphersuite_get(session);
    const char *version = gnutls_protocol_get_name(gnutls_protocol_get_version(session));
    snprintf(buf, size, "%s %s", version ? version : "TLS", suite ? suite : "");
}
