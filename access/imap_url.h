/*
 * imap_url.h - IMAP URLs of messages and their parts (RFC 5092), as far as CATENATE takes them: relative ones, of this account. Pure.
 */
#ifndef ACCESS_IMAP_URL_H
#define ACCESS_IMAP_URL_H

#include "base/strbuf.h"

#define IMAP_URL_MAX 16384 /* octets */

struct imap_url {
    struct strbuf mailbox; /* decoded; empty: the selected one */
    uint32_t uidvalidity;  /* 0: any */
    uint32_t uid;
    struct strbuf section; /* decoded; empty: the whole message */
    bool partial;
    uint32_t offset, count; /* count UINT32_MAX: to the end */
};

/* "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2/;PARTIAL=0.1024", ";UID=20". False: it is malformed, absolute (of a scheme or
 * another server), or too long. Free with imap_url_done in any case. */
bool imap_url_parse(struct imap_url *url, struct bytes text);
void imap_url_done(struct imap_url *url);
#define AUTO_IMAP_URL __attribute__((cleanup(imap_url_done)))

#endif
