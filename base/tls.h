/*
 * tls.h - GnuTLS as a server (and later a client): contexts, certificates, the key that is elsewhere.
 *
 * Processes that face strangers hold no private key. They ask the signer (tls_signer_*, a seqpacket socket at a path)
 * for certificate chains, by the name that the client asks for, for each signature, and for the key of session tickets,
 * which all processes share, so that a session can be resumed with any of them. TLS 1.2 and 1.3 only.
 */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_context;

/* A server context whose signatures are made by the signer that listens at socket path `signer` (asked on a
 * blocking connection with a deadline of 2 s, reopened when broken). Fetches the default certificate from there. */
struct tls_context *tls_server_context(const char *signer, struct err *e);
/* Ask the signer whether certificates or the key of tickets have changed, and go by it: sessions under way keep what
 * they began with. 0 also when nothing changed; -1 when the signer cannot be asked (all stays). */
int tls_server_renew(struct tls_context *ctx, struct err *e);
/* Nobody will ask for a while: give the connection to the signer back. The next handshake or renewal opens it again. */
void tls_server_rest(struct tls_context *ctx);
/* A client context that checks certificates against the system's authorities (verify = true) or not at all. */
struct tls_context *tls_client_context(bool verify, struct err *e);
/* Contexts are counted. */
struct tls_context *tls_context_ref(struct tls_context *ctx);
void tls_context_unref(struct tls_context *ctx);

/* A GnuTLS session over fd (non-blocking), server or client after its context; NULL on error. The session holds a
 * reference on ctx until tls_session_free.
 * name: for clients SNI and the name to verify, or NULL. For servers the protocol as ALPN calls it ("imap", RFC 7301), or several with one blank
 * between: a client that says which protocols it will speak, and none of these, is refused; NULL: not looked at. */
gnutls_session_t tls_session_new(struct tls_context *ctx, int fd, const char *name);
void tls_session_free(gnutls_session_t session);
/* The channel binding tls-exporter (RFC 9266) of a session whose handshake is done; false unless it is TLS 1.3. NULL is fine. */
enum { TLS_EXPORTER = 32 };
bool tls_exporter(gnutls_session_t session, unsigned char out[TLS_EXPORTER]);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384" style words for Received and logs, into buf. */
void tls_describe(gnutls_session_t session, char *buf, size_t size);

/*
 * The signer's records (base/msg.h), request and answer alike by type:
 *   TLS_SIGNER_CHAIN { serial u64, 0: the default's } -> { serial u64, certificate chain bytes (PEM) }; { 0, empty }: there is none
 *   TLS_SIGNER_SIGN  { serial u64, gnutls_sign_algorithm_t u32, digest bytes } -> { ok u32, signature bytes }
 *   TLS_SIGNER_NAME  { name bytes in lower case, empty: the default } -> { n u32, n times serial u64 }: for that name, keys of n kinds
 *   TLS_SIGNER_STATE {} -> { generation u64, key of tickets bytes }: another generation, other certificates
 * serial names one pair of chain and key; the signer keeps those that are no longer in use for some time, so that sessions that
 * began with them go on.
 */
enum tls_signer_record { TLS_SIGNER_CHAIN = 1, TLS_SIGNER_SIGN, TLS_SIGNER_NAME, TLS_SIGNER_STATE };
enum {
    TLS_KINDS = 2,       /* of keys for one name: ECDSA and RSA */
    TLS_TICKET_KEY = 64, /* octets, as GnuTLS wants them */
};

#endif
