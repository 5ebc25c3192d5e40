/*
 * imap_view.h - what this session's client knows of the selected mailbox: its numbering.
 *
 * The mailbox changes at any time; the client may be told of a removal only at certain moments, and until
 * then its message numbers stand. A view is the list of UIDs as the client counts them, in runs of successive
 * UIDs, and the position in the mailbox's sequence of changes up to which it has been told: a folder of
 * 100,000 messages costs a few bytes if nothing was ever removed. EXPUNGE, EXISTS and FETCH are the
 * difference between the view and the mailbox now. Pure but for the mailbox.
 */
#ifndef ACCESS_IMAP_VIEW_H
#define ACCESS_IMAP_VIEW_H

#include "maildir/maildir.h"

struct imap_view {
    struct uid_runs uids; /* as the client counts them */
    uint32_t max_uid;     /* the largest UID that was ever in it */
    uint32_t uidnext;     /* UIDs below this one are in it, or nowhere */
    uint64_t told;        /* changes up to this one have been told, but for removals if gone_pending */
    uint64_t complete;    /* up to this one, removals too */
    bool gone_pending;    /* a removal could not be told yet */
    bool gone_told;       /* removals were told since somebody reset this */
};

/* Where the differences go. */
struct imap_view_sink {
    void (*expunge)(void *arg, uint32_t seq);
    void (*vanished)(void *arg, const uint32_t *uids, size_t n); /* instead of it; or NULL */
    void (*exists)(void *arg, uint32_t count, uint32_t recent);
    void (*flags)(void *arg, uint32_t seq, const struct mail *mail);
    void *arg;
    const uint32_t *skip; /* flag changes of these UIDs (ascending) are known to the client already */
    size_t nskip;
};

void imap_view_done(struct imap_view *v);
/* Begin: everything that is in the mailbox now is known. */
void imap_view_start(struct imap_view *v, struct mailbox *mb);
/* Tell the differences to sink; removals only if they may be told now. */
void imap_view_sync(struct imap_view *v, struct mailbox *mb, bool may_expunge,
                    const struct imap_view_sink *sink);
/* UID of message number seq (1 to count), 0 if there is none. */
uint32_t imap_view_uid(const struct imap_view *v, uint32_t seq);
/* Number of a UID, 0 if the client does not count it. */
uint32_t imap_view_seq(const struct imap_view *v, uint32_t uid);
/* Number of the first message with a UID of at least uid; count + 1 if there is none. */
uint32_t imap_view_from(const struct imap_view *v, uint32_t uid);
/* How many messages the client counts. */
static inline uint32_t imap_view_count(const struct imap_view *v)
{
    return v->uids.count;
}

#endif
