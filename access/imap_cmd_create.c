/*
 * imap_cmd_create.c - CREATE. The answer has the new mailbox's identifier (RFC 8474).
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

/* A final separator only says that there will be children (RFC 3501 6.3.3). */
static void drop_final_separator(char *name)
{
    size_t n = strlen(name);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
}

enum imap_status imap_cmd_create(struct imap *s)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    struct mailbox_status status;
    struct err e;
    if (!name || !imap_session_no_more_args(s))
        return s->reply.status;
    drop_final_separator(name);
    if (mail_store_create(s->store, name, &e))
        return imap_no_err(s, &e);
    if (mail_store_status(s->store, name, &status, &e))
        return imap_ok(s, "Created");
    return imap_ok(s, "[MAILBOXID (%s)] Created", status.id);
}
