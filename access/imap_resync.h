/*
 * imap_resync.h - what a client that was away has to learn: the parameters of SELECT (RFC 7162 section 3.2.5) and what follows from
 * them.
 */
#ifndef ACCESS_IMAP_RESYNC_H
#define ACCESS_IMAP_RESYNC_H

#include "access/imap_session.h"

struct imap_resync {
    bool condstore, wanted; /* CONDSTORE was given; QRESYNC was */
    uint64_t uidvalidity, modseq;
    bool has_known, has_match;
    struct imap_seqset known;                /* UIDs that the client has */
    struct imap_seqset match_seq, match_uid; /* message numbers and UIDs that belonged together */
};

/* Read the list of parameters behind SELECT's mailbox name, if there is one. False: the answer is settled. */
bool imap_resync_parse(struct imap *s, struct imap_resync *r);
void imap_resync_done(struct imap_resync *r);
#define AUTO_RESYNC __attribute__((cleanup(imap_resync_done)))
/* The mailbox is selected: tell what vanished and what changed since then. */
void imap_resync_tell(struct imap *s, const struct imap_resync *r);

#endif
