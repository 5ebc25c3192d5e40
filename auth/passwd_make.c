/*
 * passwd_make.c - see passwd_make.h.
 *
 * A SCRAM verifier is as easy to guess from as PBKDF2 with its count is: the count is what RFC 7677 calls a minimum times four, since
 * each of the owner's devices has to do the same work at each login.
 */
#include "auth/passwd_make.h"

#include "auth/auth_scram.h"

#include <crypt.h>
#include <errno.h>
#include <sodium.h>

static int make_yescrypt(struct strbuf *out, const char *password, struct err *e)
{
    struct crypt_data *data = xcalloc(1, sizeof(*data));
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *hash = NULL;
    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
        hash = crypt_r(password, setting, data);
    int status = 0;
    if (hash && hash[0] != '*')
        strbuf_addf(out, "{CRYPT}%s", hash);
    else
        status = err_errno(e, errno, "crypt(3) makes no yescrypt hash");
    explicit_bzero(data, sizeof(*data));
    free(data);
    return status;
}

static int make_argon2id(struct strbuf *out, const char *password, struct err *e)
{
    char hash[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 ||
        crypto_pwhash_str_alg(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_set(e, ERR_TEMP, "no memory for an Argon2 hash");
    strbuf_addf(out, "{ARGON2ID}%s", hash);
    return 0;
}

static int make_scram(struct strbuf *out, const char *password, struct err *e)
{
    struct scram_verifier v;
    if (scram_verifier_make(&v, password, e) != 0)
        return -1;
    strbuf_adds(out, "{SCRAM-SHA-256}");
    scram_verifier_write(&v, out);
    explicit_bzero(&v, sizeof(v));
    return 0;
}

int passwd_make(struct strbuf *out, enum passwd_make_scheme scheme, const char *password, struct err *e)
{
    static int (*const makers[])(struct strbuf *, const char *, struct err *) = {
        [MAKE_YESCRYPT] = make_yescrypt, [MAKE_ARGON2ID] = make_argon2id, [MAKE_SCRAM] = make_scram};
    return makers[scheme](out, password, e);
}
