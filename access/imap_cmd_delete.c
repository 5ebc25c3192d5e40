/*
 * imap_cmd_delete.c - DELETE.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

enum imap_status imap_cmd_delete(struct imap *s)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    struct err e;
    if (!name || !imap_session_no_more_args(s))
        return s->reply.status;
    if (s->mb && strcmp(mailbox_name(s->mb), name) == 0)
        imap_session_deselect(s);
    if (mail_store_delete(s->store, name, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, "Deleted");
}
