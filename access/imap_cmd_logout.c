/*
 * imap_cmd_logout.c - LOGOUT; and those commands that were for the time before login.
 */
#include "access/imap_commands.h"

enum imap_status imap_cmd_logout(struct imap *s)
{
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    s->ending = true;
    imap_untagged(s, "BYE Logging out");
    return imap_ok(s, "Logged out");
}

enum imap_status imap_cmd_authenticated(struct imap *s)
{
    return imap_bad(s, "[CLIENTBUG] You are logged in already");
}
