/*
 * imap_status_items.h - the items of STATUS, for the command and for LIST's RETURN (STATUS (...)).
 */
#ifndef ACCESS_IMAP_STATUS_ITEMS_H
#define ACCESS_IMAP_STATUS_ITEMS_H

#include "access/imap_session.h"

/* Read a list of items as bits of their rows. 0: it is none; the answer is then settled. */
unsigned imap_status_parse(struct imap *s, struct imap_args *a);
/* Count, and write "* STATUS shown_name (...)". -1 with e: the mailbox cannot be counted. */
int imap_status_answer(struct imap *s, const char *name, const char *shown_name, unsigned wanted,
                       struct err *e);

#endif
