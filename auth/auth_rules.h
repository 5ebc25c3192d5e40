/*
 * auth_rules.h - which accounts are served, whatever their source says, and from where; and where their mail
 * lies. Pure.
 */
#ifndef AUTH_AUTH_RULES_H
#define AUTH_AUTH_RULES_H

#include "auth/auth.h"
#include "base/nets.h"

struct account_rules {
    int64_t first_uid;
    uid_t only_uid;           /* unless (uid_t)-1: started by an ordinary user, who can serve nobody else */
    const char *default_mail; /* "~/Maildir": for accounts without a Maildir of their own */
};

/* NULL, or why this account is not served (a few words). */
const char *account_refused(const struct account *a, const struct account_rules *rules);

/* Fill in a->mail from a location: an optional "maildir:" in front, ~ or %h (home), %u (name), %n and %d (its
 * parts), and
 * ":INDEX=..." ignored at the end. -1 if that gives no absolute path or asks for something we do not do. */
int account_set_mail(struct account *a, const char *location, struct err *e);

#endif
