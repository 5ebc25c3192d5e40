/*
 * imap_cmd_replace.c - REPLACE and UID REPLACE (RFC 8508): a message into a mailbox, and another one out of the selected one.
 *
 * The new message is durable before the old one goes: a crash in between leaves both. The library weighs the quota as if the old one
 * were gone already, and takes the new one back if the old one cannot be removed.
 */
#include "access/imap_append.h"
#include "access/imap_commands.h"
#include "access/imap_expunge.h"
#include "base/cleanup.h"

enum imap_status imap_cmd_replace(struct imap *s)
{
    AUTO_FREE uint32_t *uids = NULL;
    uint32_t uidvalidity;
    size_t n;
    struct err e;
    if (!imap_append_finish(s))
        return s->reply.status;
    mail_append_replace(s->append->mail, s->mb, s->append->replaces);
    int failed = mail_append_commit(TAKE_PTR(s->append->mail), &uidvalidity, &uids, &n, &e);
    imap_append_abort(s);
    if (failed && e.code == ERR_NOTFOUND)
        return imap_no(s, "[EXPUNGEISSUED] %s", e.text);
    if (failed)
        return imap_no_err(s, &e);
    s->did.stored++;
    s->did.removed++;
    imap_untagged(s, "OK [APPENDUID %u %u] Replacement is there", uidvalidity, uids[0]);
    return imap_ok_highest(s, "Replaced");
}
