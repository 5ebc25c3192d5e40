/*
 * expire.h - messages that have been in a folder for long enough go: option autoexpunge, at the end of sessions and by `posthouse mailbox expire`.
 */
#ifndef ACCESS_EXPIRE_H
#define ACCESS_EXPIRE_H

#include "maildir/maildir.h"

struct expired {
    const char *folder;
    int64_t days;
    size_t messages; /* that went, or would */
};

/* Apply the rules "Trash=30d/\Junk=14d" (a name, or a special use) to all folders, or to the one named. dry: only say what would go. tell (may be NULL) is
 * called for each folder that a rule is about. Returns how many folders failed; *e is of the last one. */
size_t expire(struct mail_store *store, const char *rules, const char *only, bool dry,
              void (*tell)(void *arg, const struct expired *x), void *arg, struct err *e);

#endif
