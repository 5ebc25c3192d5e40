/*
 * imap_condstore.h - mod-sequences on the wire (RFC 7162): enabling, HIGHESTMODSEQ, VANISHED; and RFC 9586, which leaves out numbers.
 */
#ifndef ACCESS_IMAP_CONDSTORE_H
#define ACCESS_IMAP_CONDSTORE_H

#include "access/imap_session.h"

/* What a mod-sequence may be at most: 63 bits. */
#define IMAP_MODSEQ_MAX ((uint64_t)INT64_MAX)

/* The client has used what only one that knows CONDSTORE uses (section 3.1): from now on it is told mod-sequences, and at first
 * HIGHESTMODSEQ of the selected mailbox. False if that has none (NOMODSEQ): the answer is then settled. */
bool imap_condstore_use(struct imap *s);
/* The same for ENABLE, with more of enum imap_enabled: it cannot fail. */
void imap_condstore_enable(struct imap *s, unsigned enabled);
/* Write "* OK [HIGHESTMODSEQ n]" or "* OK [NOMODSEQ]" for the selected mailbox. */
void imap_condstore_tell_highest(struct imap *s);
/* A command is over: a client that keeps what it knows (QRESYNC) must not believe it knows more than it was told. */
void imap_condstore_settle(struct imap *s);
/* Do removals go by UID? */
bool imap_condstore_vanishes(const struct imap *s);
/* Does the client want no message numbers? */
static inline bool imap_uidonly(const struct imap *s)
{
    return (s->enabled & IMAP_ENABLED_UIDONLY) != 0;
}

/* Write "* VANISHED ..." for these UIDs (ascending), in lines of a reasonable length. */
void imap_vanished(struct imap *s, const uint32_t *uids, size_t n);
/* Write "* VANISHED (EARLIER) ..." for UIDs of the set (NULL: all) above `above` that were removed behind `since`. If that is too long
 * ago to be remembered, for all that are not there, were they ever or not (section 5.1 permits that). */
void imap_vanished_earlier(struct imap *s, const struct imap_seqset *set, uint32_t above, uint64_t since);

/* Write "* seq FETCH (", or without numbers "* uid UIDFETCH (". */
void imap_put_fetch(struct imap *s, uint32_t uid);
/* Write an answer that nobody asked for in this form: flags, with UID and mod-sequence as the client wants them. with_flags false:
 * the client knows them. */
void imap_tell_mail(struct imap *s, const struct mail *mail, bool with_flags);

#endif
