/*
 * tls.h - GnuTLS as a server (and later a client): contexts, certificates, the key that is elsewhere.
 *
 * Processes that face strangers hold no private key. They ask the signer (tls_signer_*, a seqpacket socket at a path)
 * for the certificate chain and for each signature. TLS 1.2 and 1.3 only. A context is immutable and counted; a new one
 * replaces it when the certificate changes, and sessions made from the old one keep it alive.
 */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

struct tls_context;

/* A server context whose signatures are made by the signer that listens at socket path `signer` (asked on a
 * blocking connection with a deadline of 2 s, reopened when broken). Fetches the chain from there. */
struct tls_context *tls_server_context(const char *signer, struct err *e);
/* A client context that checks certificates against the system's authorities (verify = true) or not at all. */
struct tls_context *tls_client_context(bool verify, struct err *e);
struct tls_context *tls_context_ref(struct tls_context *ctx);
void tls_context_unref(struct tls_context *ctx);

/* A GnuTLS session over fd (non-blocking), server or client after its context; NULL on error. host: SNI and the name to
 * verify, for clients; NULL otherwise. The session holds a reference on ctx until tls_session_free. */
gnutls_session_t tls_session_new(struct tls_context *ctx, int fd, const char *host);
void tls_session_free(gnutls_session_t session);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384" style words for Received and logs, into buf. */
void tls_describe(gnutls_session_t session, char *buf, size_t size);

/*
 * The signer's records (base/msg.h), request and answer alike by type:
 *   TLS_SIGNER_CHAIN {}                                            -> { serial u64, certificate chain bytes (PEM) }
 *   TLS_SIGNER_SIGN  { serial u64, gnutls_sign_algorithm_t u32, digest bytes } -> { ok u32, signature bytes }
 * serial names one pair of chain and key; the signer keeps the last two, so that contexts made before a renewal go on.
 */
enum tls_signer_record { TLS_SIGNER_CHAIN = 1, TLS_SIGNER_SIGN = 2 };

/* Ask the signer whether the certificate has changed, and if so replace *ctx by a new context. 0 also when nothing changed; -1 when
 * the signer cannot be asked (*ctx stays). */
int tls_server_renew(struct tls_context **ctx, struct err *e);

#endif
