/*
 * imap_news.h - waiting for the client and for changes at the same time: in IDLE, and with NOTIFY between commands, too.
 */
#ifndef ACCESS_IMAP_NEWS_H
#define ACCESS_IMAP_NEWS_H

#include "access/imap_session.h"

/* Wait for input, or (IMAP_IO_OTHER, IMAP_IO_TIMEOUT) for a reason to look for changes: at the latest after timeout_ms. */
enum imap_io_result imap_news_wait(struct imap *s, int timeout_ms);
/* Look, and tell the client what it wants to know. */
void imap_news_tell(struct imap *s, bool may_expunge);
/* Wait for the next command; meanwhile tell what NOTIFY has asked for. IMAP_IO_TIMEOUT: none came in time. */
enum imap_io_result imap_news_between(struct imap *s);

#endif
