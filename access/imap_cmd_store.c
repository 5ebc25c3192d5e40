/*
 * imap_cmd_store.c - STORE and UID STORE.
 */
#include "access/imap_commands.h"
#include "access/imap_flags.h"
#include "base/cleanup.h"
#include "base/text.h"

#define FLAGS_TEXT_MAX 8192

struct store {
    enum mail_store_how how;
    bool silent;
};

static bool read_item(struct imap *s, struct store *store)
{
    static const struct {
        const char *name;
        struct store store;
    } items[] = {
        {"FLAGS", {MAIL_FLAGS_SET, false}},     {"FLAGS.SILENT", {MAIL_FLAGS_SET, true}},
        {"+FLAGS", {MAIL_FLAGS_ADD, false}},    {"+FLAGS.SILENT", {MAIL_FLAGS_ADD, true}},
        {"-FLAGS", {MAIL_FLAGS_REMOVE, false}}, {"-FLAGS.SILENT", {MAIL_FLAGS_REMOVE, true}},
    };
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        if (imap_args_word(&s->args, items[i].name)) {
            *store = items[i].store;
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

/* How a message will be after the change, if nobody else changes it too. */
static uint32_t expected(const struct mail *mail, enum mail_store_how how, uint32_t flags)
{
    if (how == MAIL_FLAGS_SET)
        return flags;
    return how == MAIL_FLAGS_ADD ? mail->flags | flags : mail->flags & ~flags;
}

/* What the client will think of each message after a silent change: it knows the outcome, unless others changed the same
 * message and it has not been told. */
struct outcome {
    uint32_t flags;
    bool surprising;
};

static void foresee(struct imap *s, const struct store *how, uint32_t flags, const uint32_t *uids, size_t n,
                    struct outcome *outcomes)
{
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail)
            outcomes[i] = (struct outcome){expected(mail, how->how, flags), mail->changed > s->view.told};
    }
}

/* Those whose flags the client has to be told; their number. */
static size_t surprises(struct imap *s, const uint32_t *uids, size_t n, const struct outcome *outcomes,
                        uint32_t *told)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail && (outcomes[i].surprising || mail->flags != outcomes[i].flags))
            told[found++] = uids[i];
    }
    return found;
}

static void tell(struct imap *s, const uint32_t *uids, size_t n)
{
    for (size_t i = 0; i < n && !s->io.dead; i++) {
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (!mail)
            continue;
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(FLAGS_TEXT_MAX);
        imap_flags_write(&text, s->mb, mail);
        uint32_t seq = imap_view_seq(&s->view, mail->uid);
        if (s->by_uid)
            imap_untagged(s, "%u FETCH (UID %u FLAGS %s)", seq, mail->uid, text.data);
        else
            imap_untagged(s, "%u FETCH (FLAGS %s)", seq, text.data);
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

static enum imap_status store(struct imap *s, const struct store *how, const struct imap_flags *flags,
                              uint32_t *uids, size_t n)
{
    struct mail_flag_change change = {.how = how->how,
                                      .flags = flags->flags,
                                      .keywords = (const char *const *)flags->keywords,
                                      .nkeywords = flags->nkeywords};
    AUTO_FREE struct outcome *outcomes = xcalloc(n + 1, sizeof(*outcomes));
    AUTO_FREE uint32_t *told = xcalloc(n + 1, sizeof(*told));
    struct err e;
    if (mailbox_refresh(s->mb, &e))
        return imap_no_err(s, &e);
    size_t present = keep_present(s, uids, n);
    if (how->silent)
        foresee(s, how, flags->flags, uids, present, outcomes);
    imap_session_tell(s, false, uids, present);
    if (mailbox_store(s->mb, uids, present, &change, &e))
        return imap_no_err(s, &e);
    imap_session_tell(s, false, uids, present);
    s->sync_done = true; /* as of this command's own lock */
    if (how->silent)
        tell(s, told, surprises(s, uids, present, outcomes, told));
    else
        tell(s, uids, present);
    if (present < n && !s->by_uid)
        return imap_no(s, "[EXPUNGEISSUED] %zu of the messages are gone", n - present);
    return imap_ok(s, "Stored");
}

enum imap_status imap_cmd_store(struct imap *s)
{
    AUTO_IMAP_FLAGS struct imap_flags flags = {0};
    AUTO_FREE uint32_t *uids = NULL;
    struct store how;
    size_t n;
    if (!imap_session_targets(s, &uids, &n) || !read_item(s, &how) || !read_flags(s, &flags))
        return s->reply.status;
    return store(s, &how, &flags, uids, n);
}
