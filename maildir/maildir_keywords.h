/*
 * maildir_keywords.h - dovecot-keywords: names of the letters a to z of one folder.
 */
#ifndef MAILDIR_KEYWORDS_H
#define MAILDIR_KEYWORDS_H

#include "base/err.h"
#include "maildir/maildir.h"

#include <sys/stat.h>

struct keywords {
    char *names[MAIL_LETTERS_MAX]; /* NULL: letter not in use */
    struct stat st;                 /* of the file as read */
    bool dirty;
};

void keywords_done(struct keywords *kw);
/* Parse (pure): lines "<0..25> <name>"; what is malformed, repeated or out of range is skipped, as Dovecot
 * does. */
void keywords_parse(struct keywords *kw, struct bytes text);
/* Read the folder's file if it is another than the one read last. A missing file is an empty one. */
int keywords_read(struct keywords *kw, int dir_fd, bool *changed, struct err *e);
/* Letter of a keyword (case-insensitive), or -1. */
int keywords_find(const struct keywords *kw, const char *name);
/* The same, taking the lowest letter that is free and not among `in_use` for a new name (saved by
 * keywords_save). ERR_LIMIT, ERR_INVALID. */
int keywords_get(struct keywords *kw, const char *name, uint32_t in_use, struct err *e);
/* Under the uidlist lock: write the file if it is dirty. Durable. */
int keywords_save(struct keywords *kw, int dir_fd, struct err *e);

#endif
