/*
 * app_file.h - application passwords: a random one for each device of an account, beside its main password. Pure.
 *
 *     user:label:services:salt$hash:created:id
 *
 * services: "*" or a list such as imap,smtp. salt and hash are hex; the hash is SHA-256 of both, which is enough because the password
 * is not made by a human but out of 100 random bits. created: seconds since 1970. id: 16 hex digits, by which its last use is kept.
 * See posthouse-user(8).
 */
#ifndef AUTH_APP_FILE_H
#define AUTH_APP_FILE_H

#include "base/err.h"
#include "base/strbuf.h"

enum {
    APP_FILE_MAX = 64 << 20, /* bytes */
    APP_LABEL_MAX = 64,
    APP_OF_USER_MAX = 100, /* for one account */
    APP_LETTERS = 20,      /* of 5 bits each */
    APP_SALT = 8,          /* octets */
    APP_HASH = 32,
    APP_ID_LEN = 16,                         /* hex digits */
    APP_USED_LINE = APP_ID_LEN + 1 + 12 + 1, /* "id seconds\n" */
};

struct app_entry {
    char *user, *label, *services;
    unsigned char salt[APP_SALT], hash[APP_HASH];
    uint64_t created;
    char id[APP_ID_LEN + 1];
};

struct app_file {
    struct app_entry *entries; /* sorted by user */
    size_t count;
};

typedef void app_complain_fn(void *arg, size_t line, const char *text);
struct app_file *app_file_parse(struct bytes text, app_complain_fn *complain, void *arg);
void app_file_free(struct app_file *f);
/* Has this account any; the one of its passwords for this service that this is, or NULL. */
bool app_file_has(const struct app_file *f, const char *user);
const struct app_entry *app_file_find(const struct app_file *f, const char *user, const char *service,
                                      const char *password);

int app_line_parse(struct bytes line, struct app_entry *entry, struct err *e);
void app_line_write(const struct app_entry *entry, struct strbuf *out);
void app_entry_done(struct app_entry *entry);
/* "imap,pop3": the services there are, or "*". */
bool app_services_ok(struct bytes list);
bool app_label_ok(struct bytes label);
/* A new password (with a hyphen between each four letters, appended) and its salt, hash and id. */
int app_make(struct app_entry *entry, struct strbuf *password, struct err *e);

#endif
