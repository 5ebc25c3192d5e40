/*
 * tls.c - GnuTLS contexts and sessions. See tls.h.
 *
 * The priority string is parsed once for each context and shared by its sessions (8 KB each otherwise). A server's session
 * begins with the default certificate; when the client has said which name it wants, and before a certificate is
 * chosen, it gets the credentials of that name, among which GnuTLS takes the key of a kind that the client knows.
 * GnuTLS derives the keys of tickets from the one that the signer hands out, and changes them every few hours; the
 * signer changes its own each day.
 */
#include "base/cleanup.h"
#include "base/tls_internal.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define TICKET_SECONDS (4 * 3600) /* for which a session can be resumed */
#define PROTOCOLS_MAX  4

static const char PRIORITIES[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-GROUP-ALL:+GROUP-X25519:"
                                 "+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-FFDHE2048:%SERVER_PRECEDENCE";

struct tls_context {
    unsigned refs;
    bool verify;
    gnutls_priority_t priority;
    gnutls_certificate_credentials_t credentials; /* clients */
    struct tls_signer *signer;                    /* servers, with the rest; NULL: a client's */
    struct tls_names *names;
    uint64_t generation;
    struct strbuf ticket_key;
};

struct peer { /* what a session keeps alive */
    struct tls_context *ctx;
    struct tls_identity *identity;
};

/* ---- contexts ---- */

static int tls_err(struct err *e, const char *what, int code)
{
    return err_set(e, ERR_TEMP, "TLS: %s: %s", what, gnutls_strerror(code));
}

static struct tls_context *context_new(struct err *e)
{
    struct tls_context *ctx = xcalloc(1, sizeof *ctx);
    ctx->refs = 1;
    strbuf_init(&ctx->ticket_key, TLS_TICKET_KEY);
    int r = gnutls_certificate_allocate_credentials(&ctx->credentials);
    if (!r)
        r = gnutls_priority_init(&ctx->priority, PRIORITIES, NULL);
    if (!r)
        return ctx;
    tls_err(e, "context", r);
    tls_context_unref(ctx);
    return NULL;
}

struct tls_context *tls_server_context(const char *signer, struct err *e)
{
    struct tls_context *ctx = context_new(e);
    if (!ctx)
        return NULL;
    ctx->signer = tls_signer_new(signer);
    ctx->names = tls_names_new(ctx->signer);
    if (!tls_server_renew(ctx, e))
        return ctx;
    tls_context_unref(ctx);
    return NULL;
}

int tls_server_renew(struct tls_context *ctx, struct err *e)
{
    struct tls_state state = {.tickets = &ctx->ticket_key};
    if (tls_ask_state(ctx->signer, &state, e))
        return -1;
    if (tls_names_default(ctx->names) && state.generation == ctx->generation)
        return 0;
    if (tls_names_renew(ctx->names, e))
        return -1;
    ctx->generation = state.generation;
    return 0;
}

void tls_server_rest(struct tls_context *ctx)
{
    tls_signer_rest(ctx->signer);
}

struct tls_context *tls_client_context(bool verify, struct err *e)
{
    struct tls_context *ctx = context_new(e);
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
    tls_names_free(ctx->names);
    tls_signer_unref(ctx->signer);
    strbuf_done_secret(&ctx->ticket_key);
    free(ctx);
}

/* ---- sessions ---- */

/* The client has said what it wants: the certificates of the name that it asks for. */
static int on_client_hello(gnutls_session_t session)
{
    struct peer *peer = gnutls_session_get_ptr(session);
    char name[256];
    size_t size = sizeof name;
    unsigned type;
    if (gnutls_server_name_get(session, name, &size, &type, 0) || type != GNUTLS_NAME_DNS)
        return 0;
    struct tls_identity *identity = tls_names_find(peer->ctx->names, bytes_from(name, strnlen(name, size)));
    if (identity == peer->identity)
        return 0;
    tls_identity_unref(peer->identity);
    peer->identity = tls_identity_ref(identity);
    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials);
}

static int set_protocols(gnutls_session_t session, const char *protocols)
{
    gnutls_datum_t alpn[PROTOCOLS_MAX];
    unsigned n = 0;
    struct bytes rest = protocols ? bytes_of(protocols) : (struct bytes){NULL, 0};
    while (rest.p && n < PROTOCOLS_MAX) {
        struct bytes one = bytes_split(&rest, ' ');
        alpn[n++] = (gnutls_datum_t){(unsigned char *)one.p, (unsigned)one.n};
    }
    return n ? gnutls_alpn_set_protocols(session, alpn, n, GNUTLS_ALPN_MANDATORY) : 0;
}

static int set_server(gnutls_session_t session, struct peer *peer, const char *protocol)
{
    const struct tls_context *ctx = peer->ctx;
    gnutls_datum_t key = {(unsigned char *)ctx->ticket_key.data, (unsigned)ctx->ticket_key.len};
    peer->identity = tls_identity_ref(tls_names_default(ctx->names));
    gnutls_handshake_set_post_client_hello_function(session, on_client_hello);
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE);
    gnutls_db_set_cache_expiration(session, TICKET_SECONDS);
    int r = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, peer->identity->credentials);
    if (!r)
        r = gnutls_session_ticket_enable_server(session, &key);
    return r ? r : set_protocols(session, protocol);
}

static int set_client(gnutls_session_t session, const struct tls_context *ctx, const char *host)
{
    int r = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, ctx->credentials);
    if (!r && host)
        r = gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
    if (!r && host && ctx->verify)
        gnutls_session_set_verify_cert(session, host, 0);
    return r;
}

gnutls_session_t tls_session_new(struct tls_context *ctx, int fd, const char *name)
{
    gnutls_session_t session;
    unsigned flags = (ctx->signer ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    if (gnutls_init(&session, flags))
        return NULL;
    struct peer *peer = xcalloc(1, sizeof *peer);
    peer->ctx = tls_context_ref(ctx);
    gnutls_session_set_ptr(session, peer);
    gnutls_priority_set(session, ctx->priority);
    gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT); /* deadlines are the owner's */
    gnutls_transport_set_int(session, fd);
    if (!(ctx->signer ? set_server(session, peer, name) : set_client(session, ctx, name)))
        return session;
    tls_session_free(session);
    return NULL;
}

void tls_session_free(gnutls_session_t session)
{
    if (!session)
        return;
    struct peer *peer = gnutls_session_get_ptr(session);
    gnutls_deinit(session);
    tls_identity_unref(peer->identity);
    tls_context_unref(peer->ctx);
    free(peer);
}

void tls_describe(gnutls_session_t session, char *buf, size_t size)
{
    const char *suite = gnutls_ciphersuite_get(session);
    const char *version = gnutls_protocol_get_name(gnutls_protocol_get_version(session));
    snprintf(buf, size, "%s %s", version ? version : "TLS", suite ? suite : "");
}

bool tls_exporter(gnutls_session_t session, unsigned char out[TLS_EXPORTER])
{
    gnutls_datum_t binding = {0};
    if (!session || gnutls_protocol_get_version(session) != GNUTLS_TLS1_3 ||
        gnutls_session_channel_binding(session, GNUTLS_CB_TLS_EXPORTER, &binding) != 0)
        return false;
    bool whole = binding.size == TLS_EXPORTER;
    if (whole)
        memcpy(out, binding.data, TLS_EXPORTER);
    gnutls_free(binding.data);
    return whole;
}
