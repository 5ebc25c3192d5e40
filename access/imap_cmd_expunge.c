/*
 * imap_cmd_expunge.c - EXPUNGE and UID EXPUNGE.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_expunge.h"
#include "base/cleanup.h"

/* UIDs of this range that carry \Deleted; their number. */
static size_t pick_deleted(struct mailbox *mb, struct imap_seqrange range, uint32_t *uids)
{
    const struct uid_runs *runs = mailbox_uids(mb);
    size_t n = 0;
    for (uint32_t seq = uid_runs_from(runs, range.lo); seq <= runs->count; seq++) {
        uint32_t uid = uid_runs_at(runs, seq);
        if (uid > range.hi)
            break;
        const struct mail *mail = mailbox_find(mb, uid);
        if (mail && mail->flags & MAIL_DELETED)
            uids[n++] = uid;
    }
    return n;
}

int imap_expunge(struct imap *s, const struct imap_seqset *set, struct err *e)
{
    if (mailbox_refresh(s->mb, e))
        return -1;
    struct imap_seqrange everything = {1, UINT32_MAX};
    const struct imap_seqset all = {&everything, 1};
    AUTO_FREE uint32_t *uids = xcalloc(mailbox_count(s->mb) + 1, sizeof(*uids));
    size_t n = 0;
    if (!set)
        set = &all;
    for (size_t i = 0; i < set->n; i++)
        n += pick_deleted(s->mb, set->ranges[i], uids + n);
    int r = n ? mailbox_expunge(s->mb, uids, n, false, e) : 0;
    s->did.removed += r ? 0 : n;
    return r;
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
    struct err e;
    if (!imap_session_read_set(s, &set))
        return IMAP_BAD;
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (imap_expunge(s, &set, &e))
        return imap_no_err(s, &e);
    return imap_ok_highest(s, "Expunged");
}
