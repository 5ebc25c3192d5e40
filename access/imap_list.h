/*
 * imap_list.h - LIST answers that nobody asked for.
 */
#ifndef ACCESS_IMAP_LIST_H
#define ACCESS_IMAP_LIST_H

#include "access/imap_session.h"

/* "* LIST (attributes) "." name", with ("OLDNAME" (old_name)) behind it if that is not NULL (RFC 5465 section 5.4). */
void imap_list_tell(struct imap *s, const struct mail_folder *f, const char *old_name);

#endif
