/*
 * imap_condstore.c - see imap_condstore.h.
 *
 * A client that resynchronises takes the highest MODSEQ that it has seen when a command ends. Where a removal could not be told
 * yet, it is told a HIGHESTMODSEQ from before that removal (section 3.2 and the example in section 6); when removals were told,
 * one that has them in. STORE and FETCH may meet changes that are later than the last look: the look at the end of each command
 * tells all that is older.
 */
#include "access/imap_condstore.h"

#include "access/imap_flags.h"
#include "base/cleanup.h"

#define VANISHED_LINE  8000 /* octets of UIDs after which a line ends */
#define FLAGS_TEXT_MAX 8192

void imap_condstore_tell_highest(struct imap *s)
{
    if (s->has_modseqs)
        imap_untagged(s, "OK [HIGHESTMODSEQ %llu] Highest mod-sequence",
                      (unsigned long long)s->view.complete);
    else
        imap_untagged(s, "OK [NOMODSEQ] Mod-sequences cannot be kept here now");
}

void imap_condstore_enable(struct imap *s, unsigned enabled)
{
    bool first = !(s->enabled & IMAP_ENABLED_CONDSTORE) && enabled & IMAP_ENABLED_CONDSTORE;
    s->enabled |= enabled;
    if (first && s->mb)
        imap_condstore_tell_highest(s);
}

bool imap_condstore_use(struct imap *s)
{
    if (s->mb && !s->has_modseqs) {
        imap_bad(s, "[CLIENTBUG] The mailbox has no mod-sequences now (NOMODSEQ)");
        return false;
    }
    imap_condstore_enable(s, IMAP_ENABLED_CONDSTORE);
    return true;
}

void imap_condstore_settle(struct imap *s)
{
    if (!s->mb || !s->has_modseqs || !(s->enabled & IMAP_ENABLED_QRESYNC))
        return;
    if (s->view.gone_pending || s->view.gone_told)
        imap_condstore_tell_highest(s);
    s->view.gone_told = false;
}

bool imap_condstore_vanishes(const struct imap *s)
{
    return imap_uidonly(s) || (s->enabled & IMAP_ENABLED_QRESYNC && s->has_modseqs);
}

/* ---- VANISHED ---- */

struct lines {
    struct imap *s;
    const char *start;
    struct strbuf text;
};

static void lines_flush(struct lines *l)
{
    if (l->text.len)
        imap_untagged(l->s, "%s %s", l->start, l->text.data);
    strbuf_clear(&l->text);
}

static void lines_add(struct lines *l, uint32_t lo, uint32_t hi)
{
    if (l->text.len)
        strbuf_addc(&l->text, ',');
    if (lo == hi)
        strbuf_addf(&l->text, "%u", lo);
    else
        strbuf_addf(&l->text, "%u:%u", lo, hi);
    if (l->text.len > VANISHED_LINE)
        lines_flush(l);
}

static void lines_done(struct lines *l)
{
    lines_flush(l);
    strbuf_done(&l->text);
}

static void add_uids(struct lines *l, const uint32_t *uids, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && uids[end] == uids[end - 1] + 1)
            end++;
        lines_add(l, uids[i], uids[end - 1]);
        i = end;
    }
}

void imap_vanished(struct imap *s, const uint32_t *uids, size_t n)
{
    struct lines l = {s, "VANISHED", STRBUF_INIT(2 * VANISHED_LINE)};
    add_uids(&l, uids, n);
    lines_done(&l);
}

static void add_gap(void *arg, uint32_t first, uint32_t last)
{
    lines_add(arg, first, last);
}

/* The set's UIDs that the client may know. */
static void add_gaps(struct lines *l, const struct imap_seqset *set, uint32_t above)
{
    struct imap *s = l->s;
    for (size_t i = 0; i < set->n; i++) {
        struct imap_seqrange r = set->ranges[i];
        if (r.hi >= s->view.uidnext)
            r.hi = s->view.uidnext - 1;
        if (r.lo <= above && above < UINT32_MAX)
            r.lo = above + 1;
        if (r.lo > above && r.lo <= r.hi)
            uid_runs_gaps(&s->view.uids, r.lo, r.hi, add_gap, l);
    }
}

/* What the client still counts is told to it as any other removal. */
static size_t keep_earlier(const struct imap *s, const struct imap_seqset *set, uint32_t above,
                           uint32_t *uids, size_t n)
{
    const struct imap_view *v = &s->view;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (uids[i] > above && uids[i] < v->uidnext && imap_seqset_has(set, uids[i]) &&
            !imap_view_seq(v, uids[i]))
            uids[kept++] = uids[i];
    return kept;
}

void imap_vanished_earlier(struct imap *s, const struct imap_seqset *set, uint32_t above, uint64_t since)
{
    static const struct imap_seqrange everything = {1, UINT32_MAX};
    const struct imap_seqset all = {(struct imap_seqrange *)&everything, 1};
    struct lines l = {s, "VANISHED (EARLIER)", STRBUF_INIT(2 * VANISHED_LINE)};
    AUTO_FREE uint32_t *uids = NULL;
    struct err ignored; /* then all gaps are told */
    bool known;
    size_t n;
    if (mailbox_vanished(s->mb, since, &known, &uids, &n, &ignored) || !known)
        add_gaps(&l, set ? set : &all, above);
    else
        add_uids(&l, uids, keep_earlier(s, set ? set : &all, above, uids, n));
    lines_done(&l);
}

/* ---- FETCH ---- */

void imap_put_fetch(struct imap *s, uint32_t uid)
{
    imap_puts(s, "* ");
    imap_put_number(s, imap_uidonly(s) ? uid : imap_view_seq(&s->view, uid));
    imap_puts(s, imap_uidonly(s) ? " UIDFETCH (" : " FETCH (");
}

void imap_tell_mail(struct imap *s, const struct mail *mail, bool with_flags)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FLAGS_TEXT_MAX);
    bool modseq = s->enabled & IMAP_ENABLED_CONDSTORE && s->has_modseqs;
    bool uid = s->by_uid || s->notify || s->enabled & (IMAP_ENABLED_CONDSTORE | IMAP_ENABLED_REV2);
    if (uid && !imap_uidonly(s))
        strbuf_addf(&text, " UID %u", mail->uid);
    if (with_flags) {
        strbuf_adds(&text, " FLAGS ");
        imap_flags_write(&text, s->mb, mail, !(s->enabled & IMAP_ENABLED_REV2));
    }
    if (modseq)
        strbuf_addf(&text, " MODSEQ (%llu)", (unsigned long long)mail->changed);
    imap_put_fetch(s, mail->uid);
    imap_put(s, bytes_skip(strbuf_bytes(&text), 1));
    imap_puts(s, ")\r\n");
}
