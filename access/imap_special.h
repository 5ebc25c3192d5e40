/*
 * imap_special.h - which folder has which special use (RFC 6154).
 *
 * A use that CREATE has given counts; else folders go by the names that clients give them. No use has two folders.
 */
#ifndef ACCESS_IMAP_SPECIAL_H
#define ACCESS_IMAP_SPECIAL_H

#include "access/imap_session.h"

struct imap_special;

struct imap_special *imap_special_new(struct mail_store *store, const struct mail_folder *folders, size_t n);
void imap_special_free(struct imap_special *special); /* NULL is fine */
/* " \\Sent" (a blank in front of each), or "" for most folders. f: one of those above. */
const char *imap_special_of(const struct imap_special *special, const struct mail_folder *f);
/* Read "(\\Sent \\Drafts)" of CREATE into "\\Sent,\\Drafts" (RFC 6154 section 3). False: the answer is settled. */
bool imap_special_parse(struct imap *s, struct imap_args *list, struct strbuf *uses);

#endif
