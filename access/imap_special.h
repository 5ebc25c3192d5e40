/*
 * imap_special.h - which folder has which special use (RFC 6154).
 *
 * A use that CREATE has given counts; else folders go by the names that clients give them. No use has two folders.
 */
#ifndef ACCESS_IMAP_SPECIAL_H
#define ACCESS_IMAP_SPECIAL_H

#include "maildir/maildir.h"

struct imap_special;

struct imap_special *imap_special_new(struct mail_store *store, const struct mail_folder *folders, size_t n);
void imap_special_free(struct imap_special *special); /* NULL is fine */
/* " \\Sent" (a blank in front of each), or "" for most folders. f: one of those above. */
const char *imap_special_of(const struct imap_special *special, const struct mail_folder *f);
enum { IMAP_SPECIAL_USES = 5 };
extern const char *const imap_special_uses[IMAP_SPECIAL_USES];
/* Its index there; IMAP_SPECIAL_USES if it is none. */
size_t imap_special_index(struct bytes use);

#endif
