/*
 * imap_cmd_expunge.c - EXPUNGE and UID EXPUNGE.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_expunge.h"
#include "base/cleanup.h"

int imap_expunge(struct imap *s, const struct imap_seqset *set, struct err *e)
{
    if (mailbox_refresh(s->mb, e))
        return -1;
    size_t count = mailbox_count(s->mb), n = 0;
    AUTO_FREE uint32_t *uids = xcalloc(count + 1, sizeof(*uids));
    for (size_t i = 0; i < count; i++) {
        const struct mail *mail = mailbox_at(s->mb, i);
        if (mail && mail->flags & MAIL_DELETED && (!set || imap_seqset_has(set, mail->uid)))
            uids[n++] = mail->uid;
    }
    return n ? mailbox_expunge(s->mb, uids, n, false, e) : 0;
}

enum imap_status imap_ok_highest(struct imap *s, const char *text)
{
    imap_session_sync(s, true, NULL, 0);
    bool told = s->view.gone_told && s->mb && s->has_modseqs && s->enabled & IMAP_ENABLED_QRESYNC;
    s->sync_done = true;
    if (!told)
        return imap_ok(s, "%s", text);
    s->view.gone_told = false;
    return imap_ok(s, "[HIGHESTMODSEQ %llu] %s", (unsigned long long)s->view.complete, text);
}

enum imap_status imap_cmd_expunge(struct imap *s)
{
    struct err e;
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (imap_expunge(s, NULL, &e))
        return imap_no_err(s, &e);
    return imap_ok_highest(s, "Expunged");
}

enum imap_status imap_cmd_uid_expunge(struct imap *s)
{
    AUTO_SEQSET struct imap_seqset set = {0};
    struct bytes text;
    struct err e;
    if (!imap_args_atom(&s->args, &text) ||
        !imap_seqset_parse(&set, text, imap_view_uid(&s->view, imap_view_count(&s->view))))
        return imap_bad(s, "UID EXPUNGE takes a set of UIDs");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (imap_expunge(s, &set, &e))
        return imap_no_err(s, &e);
    return imap_ok_highest(s, "Expunged");
}
