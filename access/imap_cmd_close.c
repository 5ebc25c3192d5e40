/*
 * imap_cmd_close.c - CLOSE and UNSELECT.
 */
#include "access/imap_commands.h"
#include "access/imap_expunge.h"

enum imap_status imap_cmd_close(struct imap *s)
{
    struct err e;
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    bool failed = !mailbox_read_only(s->mb) && imap_expunge(s, NULL, &e);
    imap_session_deselect(s);
    return failed ? imap_no_err(s, &e) : imap_ok(s, "Closed");
}

enum imap_status imap_cmd_unselect(struct imap *s)
{
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_session_deselect(s);
    return imap_ok(s, "Unselected");
}
