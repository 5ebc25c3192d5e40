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
    bool scram, plus;
} mechanisms[] = {
    {"PLAIN", false, {NULL}, false, false},
    {"LOGIN", true, {"Username:", "Password:"}, false, false},
    {"SCRAM-SHA-256", false, {NULL}, true, false},
    {"SCRAM-SHA-256-PLUS", false, {NULL}, true, true},
};

struct sasl {
    const struct mechanism *mechanism;
    Gsasl_session *session;
    unsigned steps;
    bool complete;
    char *name, *password;
    bool downgraded_if_y; /* we offer -PLUS here */
    char *first;          /* SCRAM: the client's first message, until its verifier is there */
    size_t first_len;
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

static void set_base64(struct sasl *s, Gsasl_property property, struct bytes value)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(256);
    base64_encode(&text, value);
    gsasl_property_set(s->session, property, text.data);
}

struct sasl *sasl_new(struct bytes name, struct bytes binding, bool plus_offered)
{
    const struct mechanism *mechanism = mechanism_find(name);
    if (!mechanism || (mechanism->plus && binding.n == 0))
        return NULL;
    struct sasl *s = xcalloc(1, sizeof(*s));
    s->mechanism = mechanism;
    s->downgraded_if_y = plus_offered;
    if (gsasl_server_start(library(), mechanism->name, &s->session) != GSASL_OK) {
        log_error("this libgsasl has no %s", mechanism->name);
        free(s);
        return NULL;
    }
    gsasl_session_hook_set(s->session, s);
    if (mechanism->plus)
        set_base64(s, GSASL_CB_TLS_EXPORTER, binding);
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
    free(s->first);
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

/* ---- SCRAM ---- */

/* Who is it, and does what it says about channel binding fit? */
static enum sasl_status scram_first(struct sasl *s, struct bytes message)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(AUTH_NAME_MAX), authzid = STRBUF_INIT(AUTH_NAME_MAX);
    char flag;
    if (!scram_client_first(message, &name, &authzid, &flag) || (flag == 'p') != s->mechanism->plus ||
        (flag == 'y' && s->downgraded_if_y))
        return SASL_INVALID;
    if (authzid.len && !bytes_eq(strbuf_bytes(&authzid), strbuf_bytes(&name)))
        return SASL_INVALID; /* nobody acts for another */
    s->name = xstrdup(name.data);
    s->first = xcalloc(1, message.n + 1);
    memcpy(s->first, message.p, message.n);
    s->first_len = message.n;
    return SASL_VERIFIER;
}

enum sasl_status sasl_give(struct sasl *s, const struct scram_verifier *v, struct strbuf *out)
{
    char iterations[16], *raw = NULL;
    size_t n = 0;
    snprintf(iterations, sizeof(iterations), "%u", v->iterations);
    gsasl_property_set(s->session, GSASL_SCRAM_ITER, iterations);
    set_base64(s, GSASL_SCRAM_SALT, bytes_from(v->salt, v->salt_len));
    set_base64(s, GSASL_SCRAM_STOREDKEY, bytes_from(v->stored, SCRAM_KEY));
    set_base64(s, GSASL_SCRAM_SERVERKEY, bytes_from(v->server, SCRAM_KEY));
    strbuf_clear(out);
    int status = gsasl_step(s->session, s->first, s->first_len, &raw, &n);
    if (status == GSASL_NEEDS_MORE)
        base64_encode(out, bytes_from(raw, n));
    gsasl_free(raw);
    return status == GSASL_NEEDS_MORE ? SASL_CONTINUE : SASL_INVALID;
}

/* The proof: libgsasl checks it, the nonce and the channel binding. */
static enum sasl_status scram_final(struct sasl *s, struct bytes message, struct strbuf *out)
{
    char *raw = NULL;
    size_t n = 0;
    if (s->complete)
        return SASL_INVALID;
    s->complete = true;
    int status = gsasl_step(s->session, message.p, message.n, &raw, &n);
    if (status == GSASL_OK)
        base64_encode(out, bytes_from(raw, n));
    gsasl_free(raw);
    if (status == GSASL_OK)
        return SASL_PROVEN;
    return status == GSASL_MECHANISM_PARSE_ERROR ? SASL_INVALID : SASL_REFUSED;
}

static enum sasl_status scram_step(struct sasl *s, struct bytes in, struct strbuf *out)
{
    strbuf_clear(out);
    if (!in.p) /* our turn is to say nothing */
        return s->steps++ == 0 ? SASL_CONTINUE : SASL_INVALID;
    if (in.n == 0)
        return SASL_INVALID;
    return s->first ? scram_final(s, in, out) : scram_first(s, in);
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
    if (s->mechanism->scram)
        return scram_step(s, in.p ? strbuf_bytes(&raw) : in, out);
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
