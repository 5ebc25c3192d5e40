/*
 * auth_request_sasl.c - what there is to judge: a name and a password, out of a record or a SASL exchange, or the proof of SCRAM.
 */
#include "auth/auth_request_internal.h"

#include "auth/auth_ban.h"
#include "auth/auth_master.h"
#include "auth/auth_name.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Why this cannot succeed whoever it is, or NULL. */
static const char *find_hopeless(const struct request *q)
{
    if (!q->secure && !site_plaintext_allowed(request_site(), q->remote))
        return "password-in-clear";
    if (!q->name || !auth_name_ok(bytes_of(q->name)))
        return "bad-name";
    if (ban_holds(q->remote))
        return "banned";
    if (q->scram)
        return NULL;
    if (!q->password || strlen(q->password) > AUTH_PASSWORD_MAX)
        return "bad-password";
    return *q->password ? NULL : "empty-password";
}

static void begin_attempt(struct request *q, struct bytes password)
{
    struct throttle_key address = throttle_key(q->remote);
    address.trusted |= site_trusted(request_site(), q->remote);
    q->attempt = throttle_try(request_throttle(), address,
                              bytes_of(q->master ? q->master
                                       : q->name ? q->name
                                                 : ""),
                              password);
}

void request_take_credentials(struct request *q, struct bytes name, struct bytes password)
{
    struct bytes user = name, master;
    if (master_split(name, &user, &master))
        q->master = auth_name_ok(master) ? bytes_dup(master) : xstrdup("?");
    q->name = bytes_dup(user);
    q->password = bytes_dup(password);
    q->hopeless = find_hopeless(q);
    begin_attempt(q, password);
    request_enter_line(q);
}

/* ---- SCRAM: the verifier is looked up in between ---- */

static unsigned char secret[SCRAM_KEY];

void request_set_secret(struct bytes given)
{
    if (given.n == sizeof(secret))
        memcpy(secret, given.p, sizeof(secret));
    else if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
        log_fatal("getrandom: %m");
}

static void sasl_went_on(struct request *q, enum sasl_status status, struct strbuf *out);

static void on_scram_account(enum auth_lookup_status status, const struct backend *source,
                             const struct account *account, void *arg)
{
    struct request *q = arg;
    struct scram_verifier v;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(AUTH_SASL_MAX);
    if (!q->fn || status == AUTH_LOOKUP_TEMPFAIL) {
        request_log_outcome(q, "tempfail", q->fn ? "lookup-failed" : "client-gone");
        request_finish(q, AUTH_TEMPFAIL, BYTES(""));
        return;
    }
    q->source = source;
    if (account)
        account_copy(&q->account, account);
    q->no_verifier = account ? "no-scram-verifier" : "unknown-user";
    if (account && source->scram && source->scram(account, &v))
        q->no_verifier = NULL;
    else
        scram_verifier_decoy(&v, secret, bytes_of(q->name)); /* looks like one and fits nobody */
    q->state = SASL;
    enum sasl_status next = sasl_give(q->sasl, &v, &out);
    explicit_bzero(&v, sizeof(v));
    sasl_went_on(q, next, &out);
}

static void look_up_verifier(struct request *q)
{
    q->scram = true;
    q->name = xstrdup(sasl_name(q->sasl));
    q->state = LOOKUP;
    timer_stop(request_loop(), &q->timer);
    if (auth_name_ok(bytes_of(q->name)))
        backends_lookup_name(bytes_of(q->name), on_scram_account, q);
    else
        on_scram_account(AUTH_LOOKUP_NONE, backends_last(), NULL, q);
}

/* Guesses cannot be told from each other here: each counts. */
static void take_proof(struct request *q, bool proven, const struct strbuf *out)
{
    uint64_t any;
    q->proven = proven && !q->no_verifier;
    q->final = proven ? xstrdup(out->data) : NULL;
    q->hopeless = find_hopeless(q);
    if (getrandom(&any, sizeof(any), 0) != sizeof(any))
        log_fatal("getrandom: %m");
    begin_attempt(q, bytes_from(&any, sizeof(any)));
    request_enter_line(q);
}

static void sasl_went_on(struct request *q, enum sasl_status status, struct strbuf *out)
{
    switch (status) {
    case SASL_VERIFIER:
        look_up_verifier(q);
        return;
    case SASL_PROVEN:
    case SASL_REFUSED:
        take_proof(q, status == SASL_PROVEN, out);
        return;
    case SASL_CONTINUE:
        timer_set(request_loop(), &q->timer, REQUEST_SASL_MS);
        request_answer(q, AUTH_CONTINUE, strbuf_bytes(out));
        return;
    case SASL_CREDENTIALS:
        request_take_credentials(q, bytes_of(sasl_name(q->sasl)), bytes_of(sasl_password(q->sasl)));
        return;
    case SASL_INVALID:
        break;
    }
    log_debug("malformed or cancelled SASL exchange: service=%s remote=%s mech=%s", q->service, q->remote,
              q->mechanism);
    request_finish(q, AUTH_INVALID, BYTES(""));
}

void request_sasl_input(struct request *q, struct bytes in)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(AUTH_SASL_MAX);
    enum sasl_status status = sasl_step(q->sasl, in, &out);
    sasl_went_on(q, status, &out);
}
