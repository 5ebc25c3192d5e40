/*
 * auth_sasl.h - SASL mechanisms on the server's side, by libgsasl: base64 in, base64 out, name and password
 * at the end.
 *
 * A mechanism never says yes: it delivers credentials, and whoever asked has them judged.
 */
#ifndef AUTH_AUTH_SASL_H
#define AUTH_AUTH_SASL_H

#include "base/strbuf.h"

struct sasl;

/* NULL if the mechanism is not one of ours (PLAIN, LOGIN; any case). */
struct sasl *sasl_new(struct bytes mechanism);
void sasl_free(struct sasl *s); /* wipes; NULL is fine */

enum sasl_status {
    SASL_CONTINUE,    /* out holds the challenge */
    SASL_CREDENTIALS, /* sasl_name and sasl_password are there */
    SASL_INVALID,     /* malformed, or more steps than the mechanism has, or another identity asked for */
};
/* in.p == NULL: the client has sent nothing yet. "=" is an empty initial response; "*" cancels. out is
 * emptied first. */
enum sasl_status sasl_step(struct sasl *s, struct bytes in, struct strbuf *out);

/* Bytes of the client's without NUL; valid until sasl_free. */
const char *sasl_name(const struct sasl *s);
const char *sasl_password(const struct sasl *s);
/* "PLAIN": for the log. */
const char *sasl_mechanism(const struct sasl *s);

#endif
