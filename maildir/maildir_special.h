/*
 * maildir_special.h - which folder a client has made for which special use (RFC 6154): the file posthouse-special-use at the root.
 *
 *   posthouse-special-use 1
 *   \Sent Name of the folder
 *
 * One line for each folder that has uses; several uses have commas between them. Without it folders go by their names, which is the program's business.
 */
#ifndef MAILDIR_MAILDIR_SPECIAL_H
#define MAILDIR_MAILDIR_SPECIAL_H

#include "maildir/maildir.h"

struct mail_use {
    char *folder; /* UTF-8 */
    char *uses;   /* "\Sent" or "\Drafts,\Trash" */
};

struct mail_uses {
    struct mail_use *items;
    size_t n;
};

/* Parse the file's text (pure). Lines that are none are passed over. */
void mail_uses_parse(struct mail_uses *uses, struct bytes text);
void mail_uses_done(struct mail_uses *uses);
/* All that there are. A file that cannot be read counts as empty. */
void mail_store_uses(struct mail_store *store, struct mail_uses *uses);
/* This folder is for these uses from now on (NULL: none). Durable. */
int mail_store_set_use(struct mail_store *store, const char *folder, const char *uses, struct err *e);
/* A folder was renamed, with its children, or (to NULL) deleted without them. */
void mail_store_move_use(struct mail_store *store, const char *from, const char *to);

#endif
