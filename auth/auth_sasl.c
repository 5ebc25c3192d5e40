/*
 * auth_sasl.c - see auth_sasl.h.
 *
 * libgsasl asks its callback to judge a password at once. We cannot: so the callback keeps what it was given
 * and agrees, and "agreed" means no more than "the exchange is complete".
 */
#include "auth/auth_sasl.h"

#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 4 };

/* What we offer, and the prompts that old clients of LOGIN look for instead of libgsasl's. */
static const struct mechanism {
    const char *name;
    bool server_first; /* it has a challenge before the first response: skipped for clients that send one at
                          once */
    const char *prompts[2];
} mechanisms[] = {
    {"PLAIN", false, {NULL}},
    {"LOGIN", true, {"Username:", "Password:"}},
};

struct sasl {
    const struct mechanism *mechanism;
    Gsasl_session *session;
    unsigned steps;
    bool complete;
    char *name, *password;
};

static char *copy_of(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static int on_property(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    struct sasl *s = gsasl_session_hook_get(session);
    (void)context;
    if (property != GSASL_VALIDATE_SIMPLE)
        return GSASL_NO_CALLBACK;
    const char *name = gsasl_property_fast(session, GSASL_AUTHID);
    const char *authzid = gsasl_property_fast(session, GSASL_AUTHZID);
    const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
    if (!name || !password || s->complete)
        return GSASL_AUTHENTICATION_ERROR;
    if (authzid && *authzid && strcmp(authzid, name) != 0)
        return GSASL_AUTHENTICATION_ERROR; /* nobody acts for another */
    s->name = copy_of(name);
    s->password = copy_of(password);
    s->complete = true;
    return GSASL_OK;
}

static Gsasl *library(void)
{
    static Gsasl *context;
    if (!context && gsasl_init(&context) != GSASL_OK)
        log_fatal("libgsasl cannot be initialised");
    gsasl_callback_set(context, on_property);
    return context;
}

static const struct mechanism *mechanism_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
        if (bytes_eq_nocase(name, bytes_of(mechanisms[i].name)))
            return &mechanisms[i];
    return NULL;
}

struct sasl *sasl_new(struct bytes name)
{
    const struct mechanism *mechanism = mechanism_find(name);
    if (!mechanism)
        return NULL;
    struct sasl *s = xcalloc(1, sizeof(*s));
    s->mechanism = mechanism;
    if (gsasl_server_start(library(), mechanism->name, &s->session) != GSASL_OK) {
        log_error("this libgsasl has no %s", mechanism->name);
        free(s);
        return NULL;
    }
    gsasl_session_hook_set(s->session, s);
    return s;
}

static void free_secret(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

void sasl_free(struct sasl *s)
{
    if (!s)
        return;
    gsasl_finish(s->session);
    free_secret(s->name);
    free_secret(s->password);
    free(s);
}

static enum sasl_status feed(struct sasl *s, struct bytes in, struct strbuf *out)
{
    char *raw = NULL;
    size_t n = 0;
    const char *prompt = s->steps < 2 ? s->mechanism->prompts[s->steps] : NULL;
    strbuf_clear(out);
    if (s->steps++ == STEPS_MAX)
        return SASL_INVALID;
    int status = gsasl_step(s->session, in.p, in.n, &raw, &n);
    if (status == GSASL_NEEDS_MORE)
        base64_encode(out, prompt ? bytes_of(prompt) : bytes_from(raw ? raw : "", n));
    gsasl_free(raw);
    if (status == GSASL_NEEDS_MORE && !s->complete)
        return SASL_CONTINUE;
    return status == GSASL_OK && s->complete ? SASL_CREDENTIALS : SASL_INVALID;
}

enum sasl_status sasl_step(struct sasl *s, struct bytes in, struct strbuf *out)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf raw = STRBUF_INIT(AUTH_SASL_MAX);
    bool first = s->steps == 0;
    if (in.p && bytes_eq(in, BYTES("*")))
        return SASL_INVALID;
    if (first && in.p && bytes_eq(in, BYTES("=")))
        in.n = 0;
    if (in.p && (in.n > AUTH_SASL_MAX || !base64_decode(&raw, in)))
        return SASL_INVALID;
    if (first && in.p && s->mechanism->server_first && feed(s, BYTES(""), out) != SASL_CONTINUE)
        return SASL_INVALID;
    return feed(s, strbuf_bytes(&raw), out);
}

const char *sasl_name(const struct sasl *s)
{
    return s->name;
}

const char *sasl_password(const struct sasl *s)
{
    return s->password;
}

const char *sasl_mechanism(const struct sasl *s)
{
    return s->mechanism->name;
}
