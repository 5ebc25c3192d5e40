/*
 * passwd_check.c - one password against one field of a passwd-file. See passwd_file.h.
 */
#include "auth/auth_scram.h"
#include "auth/passwd_file.h"
#include "base/log.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

static bool check_crypt(const char *hash, const char *password, struct crypt_data *data)
{
    memset(data, 0, sizeof(*data));
    const char *got = crypt_r(password, hash, data);
    bool same = got && got[0] != '*' && bytes_eq_secret(bytes_of(got), bytes_of(hash));
    explicit_bzero(data, sizeof(*data));
    return same;
}

static bool check_scram(const char *text, const char *password)
{
    struct scram_verifier v;
    return scram_verifier_parse(bytes_of(text), &v, NULL) == 0 && scram_verifier_check(&v, password);
}

bool passwd_secret_check(enum passwd_kind kind, const char *secret, const char *password,
                         struct crypt_data *data)
{
    switch (kind) {
    case PASSWD_CRYPT:
        return check_crypt(secret, password, data);
    case PASSWD_ARGON2:
        return crypto_pwhash_str_verify(secret, password, strlen(password)) == 0;
    case PASSWD_SCRAM:
        return check_scram(secret, password);
    case PASSWD_PLAIN:
        return bytes_eq_secret(bytes_of(password), bytes_of(secret));
    case PASSWD_NONE:
        break;
    }
    return false;
}
