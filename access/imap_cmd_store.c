/*
 * imap_cmd_store.c - STORE and UID STORE, with UNCHANGEDSINCE (RFC 7162).
 *
 * What was changed by others before is told first, as of the command's own lock; the look behind the command (imap_session.c)
 * then tells all that is older than any mod-sequence which the answers may have shown.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_flags.h"
#include "base/cleanup.h"

#include <strings.h>

#define MODIFIED_MAX (1 << 20) /* octets of the response code */

struct store {
    enum mail_store_how how;
    bool silent;
    bool conditional;
    uint64_t unchanged_since;
};

static bool read_item(struct imap *s, struct store *store)
{
    static const struct {
        const char *name;
        enum mail_store_how how;
        bool silent;
    } items[] = {
        {"FLAGS", MAIL_FLAGS_SET, false},     {"FLAGS.SILENT", MAIL_FLAGS_SET, true},
        {"+FLAGS", MAIL_FLAGS_ADD, false},    {"+FLAGS.SILENT", MAIL_FLAGS_ADD, true},
        {"-FLAGS", MAIL_FLAGS_REMOVE, false}, {"-FLAGS.SILENT", MAIL_FLAGS_REMOVE, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        if (imap_args_word(&s->args, items[i].name)) {
            store->how = items[i].how;
            store->silent = items[i].silent;
            return true;
        }
    }
    imap_bad(s, "STORE takes FLAGS, +FLAGS or -FLAGS, with or without .SILENT");
    return false;
}

/* A list, or flags without parentheses. */
static bool read_flags(struct imap *s, struct imap_flags *flags)
{
    struct imap_args list = s->args;
    const char *why = "Flags were expected";
    if (imap_args_end(&s->args)) {
        imap_bad(s, "%s", why);
        return false;
    }
    if (!imap_args_list(&s->args, &list))
        s->args.at = s->args.end;
    if (!imap_flags_parse(flags, &list, &why)) {
        imap_bad(s, "%s", why);
        return false;
    }
    return imap_session_no_more_args(s);
}

/* A message as it was before a silent change. The client knows what comes of it, unless others change the same message meanwhile, or
 * have changed it and it has not been told. */
struct before {
    uint32_t flags;
    uint64_t keywords;
    bool surprising;
};

/* A STORE on its way. */
struct stored {
    const struct store *how;
    const struct imap_flags *flags;
    const uint32_t *uids; /* those that are there */
    size_t n;
    struct before *before;
    uint32_t *modified; /* those that the condition keeps back */
    size_t nmodified;
};

static void look_before(struct imap *s, struct stored *st)
{
    for (size_t i = 0; i < st->n; i++) {
        const struct mail *mail = mailbox_find(s->mb, st->uids[i]);
        if (mail)
            st->before[i] = (struct before){mail->flags, mail->keywords, mail->changed > s->view.told};
    }
}

/* What follows if nobody else changes it too. */
static uint64_t expected(enum mail_store_how how, uint64_t old, uint64_t bits)
{
    return how == MAIL_FLAGS_SET ? bits : how == MAIL_FLAGS_ADD ? old | bits : old & ~bits;
}

static uint64_t keyword_bits(const struct imap *s, const struct imap_flags *flags)
{
    uint64_t bits = 0;
    for (unsigned n = 0; n < MAIL_KEYWORDS_MAX; n++) {
        const char *name = mailbox_keyword(s->mb, n);
        for (size_t i = 0; name && i < flags->nkeywords; i++)
            bits |= strcasecmp(name, flags->keywords[i]) == 0 ? (uint64_t)1 << n : 0;
    }
    return bits;
}

/* Those whose flags the client has to be told though the change is silent; their number. */
static size_t surprises(struct imap *s, const struct stored *st, uint32_t *told)
{
    uint64_t bits = keyword_bits(s, st->flags);
    size_t found = 0, at = 0;
    for (size_t i = 0; i < st->n; i++) {
        const struct before *b = &st->before[i];
        const struct mail *mail = mailbox_find(s->mb, st->uids[i]);
        bool kept_back = at < st->nmodified && st->modified[at] == st->uids[i];
        at += kept_back;
        if (mail && (kept_back || b->surprising ||
                     mail->flags != expected(st->how->how, b->flags, st->flags->flags) ||
                     mail->keywords != expected(st->how->how, b->keywords, bits)))
            told[found++] = st->uids[i];
    }
    return found;
}

/* Flags, or to a client that keeps mod-sequences (RFC 7162) at least these. */
static void tell(struct imap *s, const uint32_t *uids, size_t n, bool with_flags)
{
    for (size_t i = 0; i < n && !s->io.dead; i++) {
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail)
            imap_tell_mail(s, mail, with_flags);
    }
}

/* Drop those that are gone. */
static size_t keep_present(struct imap *s, uint32_t *uids, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (mailbox_find(s->mb, uids[i]))
            uids[kept++] = uids[i];
    }
    return kept;
}

/* Ascending UIDs of one list that are not in the other; their number. */
static size_t without(const uint32_t *uids, size_t n, const uint32_t *others, size_t nothers, uint32_t *left)
{
    size_t found = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        while (at < nothers && others[at] < uids[i])
            at++;
        if (at == nothers || others[at] != uids[i])
            left[found++] = uids[i];
    }
    return found;
}

/* The answers: what was refused is told with its flags, so that the client can decide anew. */
static void tell_all(struct imap *s, const struct stored *st)
{
    AUTO_FREE uint32_t *told = xcalloc(st->n + 1, sizeof(*told));
    AUTO_FREE uint32_t *left = xcalloc(st->n + 1, sizeof(*left));
    size_t ntold = st->how->silent ? surprises(s, st, told) : 0;
    if (!st->how->silent) {
        tell(s, st->uids, st->n, true);
        return;
    }
    tell(s, told, ntold, true);
    if (s->enabled & IMAP_ENABLED_CONDSTORE)
        tell(s, left, without(st->uids, st->n, told, ntold, left), false);
}

static enum imap_status answer(struct imap *s, const struct stored *st, size_t gone)
{
    bool refused = gone && !s->by_uid;
    AUTO_STRBUF struct strbuf code = STRBUF_INIT(MODIFIED_MAX);
    if (st->nmodified) {
        for (size_t i = 0; i < st->nmodified && !s->by_uid; i++)
            st->modified[i] = imap_view_seq(&s->view, st->modified[i]);
        strbuf_adds(&code, "[MODIFIED ");
        imap_seqset_write(&code, st->modified, st->nmodified);
        strbuf_adds(&code, "] ");
        if (code.overflow) { /* too many to be told one by one: more than need be is safe */
            strbuf_clear(&code);
            strbuf_addf(&code, "[MODIFIED %u:%u] ", st->modified[0], st->modified[st->nmodified - 1]);
        }
    } else if (refused) {
        strbuf_adds(&code, "[EXPUNGEISSUED] ");
    }
    if (refused)
        return imap_no(s, "%s%zu of the messages are gone", code.data, gone);
    return imap_ok(s, "%s%s", code.data,
                   st->nmodified ? "Others have changed some of the messages" : "Stored");
}

static int change_flags(struct imap *s, struct stored *st, struct err *e)
{
    const struct mail_flag_change change = {.how = st->how->how,
                                            .flags = st->flags->flags,
                                            .keywords = (const char *const *)st->flags->keywords,
                                            .nkeywords = st->flags->nkeywords};
    if (!st->how->conditional)
        return mailbox_store(s->mb, st->uids, st->n, &change, e);
    return mailbox_store_unchanged(s->mb, st->uids, st->n, &change, st->how->unchanged_since, st->modified,
                                   &st->nmodified, e);
}

static enum imap_status store(struct imap *s, const struct store *how, const struct imap_flags *flags,
                              uint32_t *uids, size_t n)
{
    AUTO_FREE struct before *before = xcalloc(n + 1, sizeof(*before));
    AUTO_FREE uint32_t *modified = xcalloc(n + 1, sizeof(*modified));
    struct stored st = {.how = how, .flags = flags, .uids = uids, .before = before, .modified = modified};
    struct err e;
    if (mailbox_refresh(s->mb, &e))
        return imap_no_err(s, &e);
    st.n = keep_present(s, uids, n);
    if (how->silent)
        look_before(s, &st);
    imap_session_tell(s, false, uids, st.n);
    if (change_flags(s, &st, &e))
        return imap_no_err(s, &e);
    imap_session_tell(s, false, uids, st.n);
    tell_all(s, &st);
    return answer(s, &st, n - st.n);
}

/* "(UNCHANGEDSINCE n)" */
static bool read_modifiers(struct imap *s, struct store *how)
{
    struct imap_args list;
    if (!imap_args_list(&s->args, &list))
        return true;
    if (!imap_args_word(&list, "UNCHANGEDSINCE") ||
        !imap_args_number(&list, IMAP_MODSEQ_MAX, &how->unchanged_since) || !imap_args_end(&list)) {
        imap_bad(s, "Unknown or malformed modifier of STORE");
        return false;
    }
    how->conditional = true;
    return imap_condstore_use(s);
}

enum imap_status imap_cmd_store(struct imap *s)
{
    AUTO_IMAP_FLAGS struct imap_flags flags = {0};
    AUTO_FREE uint32_t *uids = NULL;
    struct store how = {0};
    size_t n;
    if (!imap_session_targets(s, &uids, &n) || !read_modifiers(s, &how) || !read_item(s, &how) ||
        !read_flags(s, &flags))
        return s->reply.status;
    return store(s, &how, &flags, uids, n);
}
