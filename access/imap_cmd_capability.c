/*
 * imap_cmd_capability.c - CAPABILITY.
 */
#include "access/imap_commands.h"

enum imap_status imap_cmd_capability(struct imap *s)
{
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_untagged(s, "CAPABILITY " IMAP_CAPABILITIES);
    return imap_ok(s, "These are what the server can do");
}
