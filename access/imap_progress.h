/*
 * imap_progress.h - INPROGRESS (RFC 9585): a command that takes long says how far it is, so that nobody thinks it hangs.
 */
#ifndef ACCESS_IMAP_PROGRESS_H
#define ACCESS_IMAP_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct imap;

/* Work that takes long tells how far it is: call it now and then. A client that does not read is told nothing: this never waits. */
struct imap_progress {
    unsigned calls;
    int64_t told_ms;
};
void imap_progress(struct imap *s, struct imap_progress *p, size_t done, size_t total);
/* The same for what the store does by itself (mail_store_on_progress); arg: the session. */
void imap_store_progress(void *arg, size_t done, size_t total);

#endif
