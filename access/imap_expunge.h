/*
 * imap_expunge.h - removing the messages that carry \Deleted: for EXPUNGE, UID EXPUNGE and CLOSE.
 */
#ifndef ACCESS_IMAP_EXPUNGE_H
#define ACCESS_IMAP_EXPUNGE_H

#include "access/imap_session.h"

/* Of all messages, or (set not NULL) of those with UIDs in the set. */
int imap_expunge(struct imap *s, const struct imap_seqset *set, struct err *e);
/* The command has removed messages: tell that, and answer OK with HIGHESTMODSEQ if the client wants to know (RFC 7162). */
enum imap_status imap_ok_highest(struct imap *s, const char *text);

#endif
