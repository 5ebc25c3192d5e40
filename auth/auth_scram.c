/*
 * auth_scram.c - see auth_scram.h.
 *
 * A stranger can ask for the salt of any name. For names without a verifier it must look like one and stay the same: it comes out of a
 * keyed hash of the name. The verifier's count is the one we make ourselves; a file whose verifiers have other counts tells its names.
 */
#include "auth/auth_scram.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <gnutls/crypto.h>
#include <gsasl.h>
#include <sys/random.h>

static bool take_base64(struct bytes text, unsigned char *to, size_t min, size_t max, size_t *n)
{
    AUTO_STRBUF struct strbuf raw = STRBUF_INIT(SCRAM_SALT_MAX);
    if (!base64_decode(&raw, text) || raw.len < min || raw.len > max)
        return false;
    memcpy(to, raw.data, raw.len);
    *n = raw.len;
    return true;
}

int scram_verifier_parse(struct bytes text, struct scram_verifier *v, struct err *e)
{
    struct bytes iterations = bytes_split(&text, ','), salt, stored;
    uint64_t count;
    size_t n;
    *v = (struct scram_verifier){0};
    salt = text.p ? bytes_split(&text, ',') : BYTES("");
    stored = text.p ? bytes_split(&text, ',') : BYTES("");
    if (!text.p || !bytes_to_u64(iterations, SCRAM_ITERATIONS_MAX, &count) || count < SCRAM_ITERATIONS_MIN ||
        !take_base64(salt, v->salt, 4, SCRAM_SALT_MAX, &v->salt_len) ||
        !take_base64(stored, v->stored, SCRAM_KEY, SCRAM_KEY, &n) ||
        !take_base64(text, v->server, SCRAM_KEY, SCRAM_KEY, &n))
        return err_set(e, ERR_INVALID, "the SCRAM verifier is malformed or has less than %d iterations",
                       SCRAM_ITERATIONS_MIN);
    v->iterations = (uint32_t)count;
    return 0;
}

void scram_verifier_write(const struct scram_verifier *v, struct strbuf *out)
{
    strbuf_addu(out, v->iterations);
    strbuf_addc(out, ',');
    base64_encode(out, bytes_from(v->salt, v->salt_len));
    strbuf_addc(out, ',');
    base64_encode(out, bytes_from(v->stored, SCRAM_KEY));
    strbuf_addc(out, ',');
    base64_encode(out, bytes_from(v->server, SCRAM_KEY));
}

/* The keys of a password, prepared as RFC 4013 says where that can be done. */
static bool derive(struct scram_verifier *v, const char *password)
{
    char salted[SCRAM_KEY], client[SCRAM_KEY];
    char *prepared = NULL;
    if (gsasl_saslprep(password, 0, &prepared, NULL) != GSASL_OK)
        prepared = NULL;
    int status = gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, prepared ? prepared : password,
                                                   v->iterations, (const char *)v->salt, v->salt_len, salted,
                                                   client, (char *)v->server, (char *)v->stored);
    if (prepared)
        explicit_bzero(prepared, strlen(prepared));
    gsasl_free(prepared);
    explicit_bzero(salted, sizeof(salted));
    explicit_bzero(client, sizeof(client));
    return status == GSASL_OK;
}

int scram_verifier_make(struct scram_verifier *v, const char *password, struct err *e)
{
    *v = (struct scram_verifier){.iterations = SCRAM_ITERATIONS_MADE, .salt_len = SCRAM_SALT_MADE};
    if (getrandom(v->salt, v->salt_len, 0) != (ssize_t)v->salt_len || !derive(v, password))
        return err_set(e, ERR_TEMP, "libgsasl makes no SCRAM verifier");
    return 0;
}

bool scram_verifier_check(const struct scram_verifier *v, const char *password)
{
    struct scram_verifier got = *v;
    bool same = derive(&got, password) &&
                bytes_eq_secret(bytes_from(got.stored, SCRAM_KEY), bytes_from(v->stored, SCRAM_KEY));
    explicit_bzero(&got, sizeof(got));
    return same;
}

void scram_verifier_decoy(struct scram_verifier *v, const unsigned char secret[SCRAM_KEY], struct bytes name)
{
    unsigned char hash[SCRAM_KEY] = {0};
    *v = (struct scram_verifier){.iterations = SCRAM_ITERATIONS_MADE, .salt_len = SCRAM_SALT_MADE};
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, SCRAM_KEY, name.p, name.n, hash);
    memcpy(v->salt, hash, SCRAM_SALT_MADE);
    if (getrandom(v->stored, SCRAM_KEY, 0) != SCRAM_KEY || getrandom(v->server, SCRAM_KEY, 0) != SCRAM_KEY)
        memset(v->stored, 0, SCRAM_KEY); /* the exclusive or of nothing: still no password's */
}

/* ---- the first message: gs2-cbind-flag "," [authzid] "," "n=" saslname ["," ...] ---- */

/* "=2C" is a comma, "=3D" an equals sign, no other "=" may be there. */
static bool add_saslname(struct strbuf *out, struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        bool comma = in.n - i >= 3 && memcmp(in.p + i, "=2C", 3) == 0;
        bool equals = in.n - i >= 3 && memcmp(in.p + i, "=3D", 3) == 0;
        if (in.p[i] == '\0' || (in.p[i] == '=' && !comma && !equals))
            return false;
        strbuf_addc(out, comma ? ',' : in.p[i]);
        if (comma || equals)
            i += 2;
    }
    return in.n > 0 && !out->overflow;
}

bool scram_client_first(struct bytes message, struct strbuf *name, struct strbuf *authzid, char *flag)
{
    struct bytes rest = message, cbind = bytes_split(&rest, ',');
    if (!rest.p || cbind.n == 0 || !memchr("nyp", cbind.p[0], 3) || (cbind.p[0] != 'p' && cbind.n != 1))
        return false;
    *flag = cbind.p[0];
    if (*flag == 'p' && !bytes_eq(cbind, BYTES("p=tls-exporter")))
        return false;
    struct bytes who = bytes_split(&rest, ',');
    if (!rest.p ||
        (who.n && (!bytes_starts_nocase(who, BYTES("a=")) || !add_saslname(authzid, bytes_skip(who, 2)))))
        return false;
    struct bytes user = bytes_split(&rest, ',');
    return rest.p && user.n > 2 && memcmp(user.p, "n=", 2) == 0 && add_saslname(name, bytes_skip(user, 2));
}
