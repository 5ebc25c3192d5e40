/*
 * passwd_file.h - the accounts of a passwd-file, read from its text. Pure.
 *
 *     user:{SCHEME}hash:uid:gid:gecos:home:shell:extra fields
 *
 * A line that cannot be used is complained about and skipped, the rest is served. A password that we cannot
 * check (an unknown scheme, DES or MD5) leaves the account: it gets its mail, but nobody can log in to it.
 * See posthouse-passwd(5).
 */
#ifndef AUTH_PASSWD_FILE_H
#define AUTH_PASSWD_FILE_H

#include "auth/auth_rules.h"

enum {
    PASSWD_FILE_MAX = 64 << 20, /* bytes */
    PASSWD_LINE_MAX = 8192,
    PASSWD_ENTRIES_MAX = 500000,
};

enum passwd_kind { PASSWD_NONE, PASSWD_CRYPT, PASSWD_ARGON2, PASSWD_SCRAM, PASSWD_PLAIN };

struct passwd_entry {
    struct account account;
    size_t line;
    enum passwd_kind kind;
    char *
        secret; /* the hash as crypt(3) or libsodium takes it, the SCRAM verifier, or the password itself; NULL for PASSWD_NONE */
    bool nologin;     /* extra field nologin */
    char *allow_nets; /* extra field allow_nets; NULL: from anywhere */
    char *aliases;    /* extra field aliases: other names, separated by commas; NULL: none */
};

struct passwd_alias {
    char *name;
    size_t entry; /* its place */
};

struct passwd_file {
    struct passwd_entry *entries; /* sorted by name, one each */
    size_t count;
    struct passwd_alias *aliases; /* sorted by name, one each, none of them an entry's name */
    size_t naliases;
};

struct passwd_options {
    struct account_rules rules;
    const char
        *domain; /* of the file: what names without one get; a name with another is refused. NULL: none */
    bool passwords_only; /* of master users: uid, gid, home and mail do not count */
    bool plain_ok;       /* nobody else can read the file: {PLAIN} may be believed */
};

typedef void passwd_complain_fn(void *arg, size_t line, const char *text);

struct passwd_file *passwd_file_parse(struct bytes text, const struct passwd_options *options,
                                      passwd_complain_fn *complain, void *arg);
void passwd_file_free(struct passwd_file *file);
/* Byte for byte; if there is none, with A-Z taken as a-z, as Dovecot does; then among the aliases. NULL if there is none. */
const struct passwd_entry *passwd_file_find(const struct passwd_file *file, struct bytes name);
const struct passwd_entry *passwd_file_find_uid(const struct passwd_file *file, uid_t uid);

/* The parts, for passwd_file.c and for tests. */
void passwd_entry_done(struct passwd_entry *entry);
/* One line without its end. -1: unusable, e says why. 1: usable, but e holds something to complain about. */
int passwd_line_parse(struct bytes line, const struct passwd_options *options, struct passwd_entry *entry,
                      struct err *e);
/* The password field. 0, or 1 with a complaint in e and PASSWD_NONE. */
int passwd_secret_parse(struct bytes field, bool plain_ok, struct passwd_entry *entry, struct err *e);
/* Is this the password of such a field? Takes its time. data: room for crypt(3), wiped before and after. */
struct crypt_data;
bool passwd_secret_check(enum passwd_kind kind, const char *secret, const char *password,
                         struct crypt_data *data);
/* One extra field "name=value" or "name". As passwd_line_parse. */
int passwd_extra_parse(struct bytes field, struct passwd_entry *entry, struct err *e);

#endif
