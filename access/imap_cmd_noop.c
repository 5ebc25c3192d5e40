/*
 * imap_cmd_noop.c - NOOP and CHECK: nothing is done, and what has changed is told after it.
 */
#include "access/imap_commands.h"

enum imap_status imap_cmd_noop(struct imap *s)
{
    return imap_session_no_more_args(s) ? imap_ok(s, "Nothing done") : IMAP_BAD;
}

enum imap_status imap_cmd_check(struct imap *s)
{
    return imap_session_no_more_args(s) ? imap_ok(s, "All is on the disk") : IMAP_BAD;
}
