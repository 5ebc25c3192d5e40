/*
 * passwd_secret.c - the password field of a passwd-file: which scheme, and whether we believe it. See
 * passwd_file.h.
 *
 * Refused are hashes that are guessed in no time (DES, MD5, NT, SHA-1 without rounds): an account that still
 * has one gets mail but no login until its password is set anew. A field without {SCHEME} is crypt(3).
 */
#include "auth/passwd_file.h"

#include "auth/auth_scram.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

enum { ARGON2_HASH_MAX = 512, ARGON2_KIB_MAX = 256 << 10, ARGON2_PASSES_MAX = 100 };

struct scheme {
    const char *name;
    enum passwd_kind kind;
    const char *prefixes; /* of hashes that it may hold, separated by blanks */
};

static const struct scheme schemes[] = {
    {"CRYPT", PASSWD_CRYPT, "$y$ $gy$ $7$ $6$ $5$ $2a$ $2b$ $2y$"},
    {"SHA512-CRYPT", PASSWD_CRYPT, "$6$"},
    {"SHA256-CRYPT", PASSWD_CRYPT, "$5$"},
    {"BLF-CRYPT", PASSWD_CRYPT, "$2a$ $2b$ $2y$"},
    {"ARGON2ID", PASSWD_ARGON2, "$argon2id$"},
    {"ARGON2I", PASSWD_ARGON2, "$argon2i$"},
    {"ARGON2", PASSWD_ARGON2, "$argon2id$ $argon2i$"},
    {"SCRAM-SHA-256", PASSWD_SCRAM, NULL},
    {"PLAIN", PASSWD_PLAIN, NULL},
    {"CLEARTEXT", PASSWD_PLAIN, NULL},
    {"CLEAR", PASSWD_PLAIN, NULL},
};

static const struct scheme *scheme_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (bytes_eq_nocase(name, bytes_of(schemes[i].name)))
            return &schemes[i];
    return NULL;
}

static int no_login(struct passwd_entry *entry, struct err *e, const char *why)
{
    entry->kind = PASSWD_NONE;
    err_set(e, ERR_INVALID, "%s: %s; the account gets mail but nobody can log in", entry->account.name, why);
    return 1;
}

static bool begins_with_one_of(struct bytes hash, const char *prefixes)
{
    struct bytes rest = bytes_of(prefixes);
    while (rest.p) {
        struct bytes prefix = bytes_split(&rest, ' ');
        if (hash.n > prefix.n && memcmp(hash.p, prefix.p, prefix.n) == 0)
            return true;
    }
    return false;
}

static int take_hash(struct passwd_entry *entry, struct bytes hash, const char *prefixes, struct err *e)
{
    if (!begins_with_one_of(hash, prefixes))
        return no_login(entry, e, "the hash is not of an accepted kind (yescrypt, bcrypt, SHA-512, SHA-256)");
    if (hash.n >= CRYPT_OUTPUT_SIZE || !text_is_printable(hash))
        return no_login(entry, e, "the hash is malformed");
    entry->secret = bytes_dup(hash);
    int salt = crypt_checksalt(entry->secret);
    if (salt == CRYPT_SALT_INVALID || salt == CRYPT_SALT_METHOD_DISABLED) {
        free(TAKE_PTR(entry->secret));
        return no_login(entry, e, "crypt(3) does not take this hash");
    }
    entry->kind = PASSWD_CRYPT;
    return 0;
}

static int take_plain(struct passwd_entry *entry, struct bytes password, bool plain_ok, struct err *e)
{
    if (!plain_ok)
        return no_login(entry, e, "a {PLAIN} password in a file that others can read (chmod o-r it)");
    if (password.n == 0 || password.n > AUTH_PASSWORD_MAX)
        return no_login(entry, e, "the {PLAIN} password is empty or too long");
    entry->secret = bytes_dup(password);
    entry->kind = PASSWD_PLAIN;
    return 0;
}

/* "$argon2id$v=19$m=65536,t=2,p=1$salt$hash": what it would cost us is the file's to say, up to a point. */
static int take_argon2(struct passwd_entry *entry, struct bytes hash, const char *prefixes, struct err *e)
{
    struct bytes rest = hash, cost;
    uint64_t memory = 0, passes = 0;
    for (int i = 0; i < 3 && rest.p; i++)
        bytes_split(&rest, '$');
    cost = rest.p ? bytes_split(&rest, '$') : BYTES("");
    struct bytes m = bytes_split(&cost, ','), t = cost.p ? bytes_split(&cost, ',') : BYTES("");
    if (!begins_with_one_of(hash, prefixes) || hash.n >= ARGON2_HASH_MAX || !text_is_printable(hash) ||
        !bytes_starts_nocase(m, BYTES("m=")) || !bytes_starts_nocase(t, BYTES("t=")))
        return no_login(entry, e, "the Argon2 hash is malformed");
    if (!bytes_to_u64(bytes_skip(m, 2), ARGON2_KIB_MAX, &memory) ||
        !bytes_to_u64(bytes_skip(t, 2), ARGON2_PASSES_MAX, &passes))
        return no_login(entry, e, "the Argon2 hash asks for more than 256 MiB or 100 passes");
    entry->secret = bytes_dup(hash);
    entry->kind = PASSWD_ARGON2;
    return 0;
}

static int take_scram(struct passwd_entry *entry, struct bytes text, struct err *e)
{
    struct scram_verifier v;
    struct err why;
    if (scram_verifier_parse(text, &v, &why) != 0)
        return no_login(entry, e, why.text);
    entry->secret = bytes_dup(text);
    entry->kind = PASSWD_SCRAM;
    return 0;
}

/* Locked on purpose, as passwd -l and useradd leave it: nothing to complain about. */
static bool is_locked(struct bytes field)
{
    return field.n == 0 || field.p[0] == '!' || field.p[0] == '*' || bytes_eq(field, BYTES("x"));
}

int passwd_secret_parse(struct bytes field, bool plain_ok, struct passwd_entry *entry, struct err *e)
{
    struct bytes name = BYTES("CRYPT"), value = field;
    entry->kind = PASSWD_NONE;
    if (field.n && field.p[0] == '{' && bytes_index(field, '}') < field.n) {
        value = bytes_skip(field, 1);
        name = bytes_split(&value, '}');
    }
    if (is_locked(field))
        return 0;
    const struct scheme *scheme = scheme_find(name);
    if (!scheme)
        return no_login(
            entry, e,
            "the password scheme is not supported (CRYPT, SHA512-CRYPT, SHA256-CRYPT, BLF-CRYPT, ARGON2ID, "
            "ARGON2I, SCRAM-SHA-256, PLAIN are)");
    if (scheme->kind == PASSWD_PLAIN)
        return take_plain(entry, value, plain_ok, e);
    if (scheme->kind == PASSWD_SCRAM)
        return take_scram(entry, value, e);
    if (scheme->kind == PASSWD_ARGON2)
        return take_argon2(entry, value, scheme->prefixes, e);
    return is_locked(value) ? 0 : take_hash(entry, value, scheme->prefixes, e);
}
