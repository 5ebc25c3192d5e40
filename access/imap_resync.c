/*
 * imap_resync.c - see imap_resync.h.
 *
 * The index remembers the latest removals. If the client was away for longer, or the index is new, all UIDs that the client may
 * know and that are not there are told; fewer if it gave numbers and UIDs that belonged together. Where such a pair still does,
 * nothing in front of it was removed, since nothing is ever put in there.
 */
#include "access/imap_resync.h"

#include "access/imap_condstore.h"
#include "base/cleanup.h"

static bool read_set(struct imap_args *a, struct imap_seqset *set)
{
    struct bytes text;
    return imap_args_atom(a, &text) && !memchr(text.p, '*', text.n) && imap_seqset_parse(set, text, 0);
}

static uint64_t size_of(const struct imap_seqset *set)
{
    uint64_t n = 0;
    for (size_t i = 0; i < set->n; i++)
        n += (uint64_t)set->ranges[i].hi - set->ranges[i].lo + 1;
    return n;
}

static bool read_match(struct imap_args *a, struct imap_resync *r)
{
    struct imap_args pair;
    r->has_match = true;
    return imap_args_list(a, &pair) && read_set(&pair, &r->match_seq) && read_set(&pair, &r->match_uid) &&
           imap_args_end(&pair) && size_of(&r->match_seq) == size_of(&r->match_uid);
}

static bool read_qresync(struct imap_args *a, struct imap_resync *r)
{
    struct imap_args list;
    r->wanted = true;
    if (!imap_args_list(a, &list) || !imap_args_number(&list, UINT32_MAX, &r->uidvalidity) ||
        !imap_args_number(&list, IMAP_MODSEQ_MAX, &r->modseq))
        return false;
    if (!imap_args_end(&list) && imap_args_type(&list) == IMAP_ATOM) {
        r->has_known = true;
        if (!read_set(&list, &r->known))
            return false;
    }
    return (imap_args_end(&list) || read_match(&list, r)) && imap_args_end(&list);
}

static bool read_parameters(struct imap_args *a, struct imap_resync *r)
{
    while (!imap_args_end(a)) {
        if (imap_args_word(a, "CONDSTORE"))
            r->condstore = true;
        else if (r->wanted || !imap_args_word(a, "QRESYNC") || !read_qresync(a, r))
            return false;
    }
    return r->condstore || r->wanted;
}

bool imap_resync_parse(struct imap *s, struct imap_resync *r)
{
    struct imap_args list;
    if (!imap_args_end(&s->args) && (!imap_args_list(&s->args, &list) || !read_parameters(&list, r)))
        imap_bad(s, "Unknown or malformed parameter of SELECT");
    else if (r->wanted && !(s->enabled & IMAP_ENABLED_QRESYNC))
        imap_bad(s, "[CLIENTBUG] QRESYNC has to be enabled first");
    else if (r->has_match && imap_uidonly(s))
        imap_bad(s, "[UIDREQUIRED] UIDONLY is enabled: there are no message numbers");
    else
        return imap_session_no_more_args(s);
    return false;
}

void imap_resync_done(struct imap_resync *r)
{
    imap_seqset_done(&r->known);
    imap_seqset_done(&r->match_seq);
    imap_seqset_done(&r->match_uid);
}

/* ---- telling ---- */

/* The largest UID that still has the number that the client knows; 0: none. */
static uint32_t last_match(const struct imap *s, const struct imap_resync *r)
{
    uint32_t found = 0;
    size_t i = 0, k = 0;
    uint32_t iskip = 0, kskip = 0; /* of the ranges that we stand in */
    while (i < r->match_seq.n && k < r->match_uid.n) {
        struct imap_seqrange a = r->match_seq.ranges[i], b = r->match_uid.ranges[k];
        uint32_t seq = a.lo + iskip, uid = b.lo + kskip;
        if (seq > imap_view_count(&s->view))
            break;
        if (imap_view_uid(&s->view, seq) == uid)
            found = uid;
        iskip = seq == a.hi ? 0 : iskip + 1;
        i += seq == a.hi;
        kskip = uid == b.hi ? 0 : kskip + 1;
        k += uid == b.hi;
    }
    return found;
}

static void tell_changed(struct imap *s, const struct imap_resync *r)
{
    AUTO_FREE uint32_t *uids = NULL;
    struct err ignored; /* then the index is made anew, and the next look tells */
    size_t n;
    if (mailbox_changed(s->mb, r->modseq, &uids, &n, &ignored))
        return;
    for (size_t i = 0; i < n && !s->io.dead; i++) {
        if ((r->has_known && !imap_seqset_has(&r->known, uids[i])) || !imap_view_seq(&s->view, uids[i]))
            continue;
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail && mail->changed > r->modseq)
            imap_tell_mail(s, mail, true);
    }
}

void imap_resync_tell(struct imap *s, const struct imap_resync *r)
{
    if (!r->wanted || !s->has_modseqs || r->uidvalidity != mailbox_uidvalidity(s->mb))
        return;
    imap_vanished_earlier(s, r->has_known ? &r->known : NULL, r->has_match ? last_match(s, r) : 0, r->modseq);
    tell_changed(s, r);
}
