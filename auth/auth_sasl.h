/*
 * auth_sasl.h - SASL mechanisms on the server's side, by libgsasl: base64 in, base64 out, name and password
 * at the end.
 *
 * PLAIN and LOGIN deliver credentials, and whoever asked has them judged. SCRAM asks for the verifier of a name, and then says whether
 * the client has proven that it knows the password; whether the account may be used is judged by whoever asked.
 */
#ifndef AUTH_AUTH_SASL_H
#define AUTH_AUTH_SASL_H

#include "auth/auth_scram.h"
#include "base/strbuf.h"

struct sasl;

/* NULL if the mechanism is not one of ours (PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-256-PLUS; any case). binding: tls-exporter of the
 * connection, empty if there is none. plus_offered: a client that could bind but thinks that we cannot is being lied to. */
struct sasl *sasl_new(struct bytes mechanism, struct bytes binding, bool plus_offered);
void sasl_free(struct sasl *s); /* wipes; NULL is fine */

enum sasl_status {
    SASL_CONTINUE,    /* out holds the challenge */
    SASL_CREDENTIALS, /* sasl_name and sasl_password are there */
    SASL_VERIFIER,    /* sasl_name is there: sasl_give its verifier, or a decoy */
    SASL_PROVEN, /* it was the password; out holds what the client must see, and answer with nothing, before it may go on */
    SASL_REFUSED, /* it was not */
    SASL_INVALID, /* malformed, or more steps than the mechanism has, or another identity asked for */
};
/* in.p == NULL: the client has sent nothing yet. "=" is an empty initial response; "*" cancels. out is
 * emptied first. */
enum sasl_status sasl_step(struct sasl *s, struct bytes in, struct strbuf *out);

/* After SASL_VERIFIER. */
enum sasl_status sasl_give(struct sasl *s, const struct scram_verifier *v, struct strbuf *out);

/* Bytes of the client's without NUL; valid until sasl_free. */
const char *sasl_name(const struct sasl *s);
const char *sasl_password(const struct sasl *s);
/* "PLAIN": for the log. */
const char *sasl_mechanism(const struct sasl *s);

#endif
