/*
 * imap_cmd_subscribe.c - SUBSCRIBE and UNSUBSCRIBE.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

static enum imap_status subscribe(struct imap *s, bool on)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    struct err e;
    if (!name || !imap_session_no_more_args(s))
        return s->reply.status;
    if (mail_store_subscribe(s->store, name, on, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, on ? "Subscribed" : "Unsubscribed");
}

enum imap_status imap_cmd_subscribe(struct imap *s)
{
    return subscribe(s, true);
}

enum imap_status imap_cmd_unsubscribe(struct imap *s)
{
    return subscribe(s, false);
}
