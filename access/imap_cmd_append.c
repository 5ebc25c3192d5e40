/*
 * imap_cmd_append.c - the end of APPEND: its messages are made durable and visible. How they came: imap_append.c.
 */
#include "access/imap_append.h"
#include "access/imap_commands.h"
#include "base/cleanup.h"

enum imap_status imap_cmd_append(struct imap *s)
{
    AUTO_FREE uint32_t *uids = NULL;
    uint32_t uidvalidity;
    size_t n;
    struct err e;
    if (!imap_append_finish(s))
        return s->reply.status;
    int failed = mail_append_commit(TAKE_PTR(s->append->mail), &uidvalidity, &uids, &n, &e);
    imap_append_abort(s);
    if (failed)
        return imap_no_err(s, &e);
    s->did.stored += n;
    AUTO_STRBUF struct strbuf set = STRBUF_INIT(IMAP_UIDS_TEXT);
    imap_seqset_write(&set, uids, n);
    return imap_ok(s, "[APPENDUID %u %s] Appended", uidvalidity, set.data);
}
