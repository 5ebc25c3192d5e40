/*
 * imap_cmd_namespace.c - NAMESPACE (RFC 2342): one personal namespace without a prefix.
 */
#include "access/imap_commands.h"

enum imap_status imap_cmd_namespace(struct imap *s)
{
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_untagged(s, "NAMESPACE ((\"\" \".\")) NIL NIL");
    return imap_ok(s, "One namespace");
}
