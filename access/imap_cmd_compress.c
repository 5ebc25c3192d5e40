/*
 * imap_cmd_compress.c - COMPRESS DEFLATE (RFC 4978). The stream changes behind the tagged OK, and nothing that was sent ahead is carried
 * over: it could not be told whether it was meant compressed.
 */
#include "access/imap_commands.h"

enum imap_status imap_cmd_compress(struct imap *s)
{
    if (!imap_args_word(&s->args, "DEFLATE"))
        return imap_bad(s, "COMPRESS knows DEFLATE only");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (s->io.zip)
        return imap_no(s, "[COMPRESSIONACTIVE] DEFLATE is active already");
    s->compress = true;
    return imap_ok(s, "DEFLATE is active from here on");
}
