/*
 * imap_cmd_select.c - SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 7162).
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_flags.h"
#include "access/imap_list.h"
#include "access/imap_resync.h"
#include "base/cleanup.h"

#define FLAGS_TEXT_MAX 8192

static void tell_flags(struct imap *s)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FLAGS_TEXT_MAX);
    imap_flags_write_all(&text, s->mb, false);
    imap_untagged(s, "FLAGS %s", text.data);
    strbuf_clear(&text);
    if (mailbox_read_only(s->mb))
        strbuf_adds(&text, "()");
    else
        imap_flags_write_all(&text, s->mb, true);
    imap_untagged(s, "OK [PERMANENTFLAGS %s] %s", text.data,
                  mailbox_read_only(s->mb) ? "Read-only: nothing can be changed" : "Flags that are kept");
    s->keywords_told = imap_flags_keywords(s->mb);
}

static void tell_first_unseen(struct imap *s)
{
    uint32_t seq = imap_view_seq(&s->view, mailbox_first_unseen(s->mb));
    if (seq && !imap_uidonly(s) && !(s->enabled & IMAP_ENABLED_REV2))
        imap_untagged(s, "OK [UNSEEN %u] First unseen message", seq);
}

static void tell_id(struct imap *s)
{
    AUTO_STRBUF struct strbuf id = STRBUF_INIT(MAILBOX_ID_MAX);
    mailbox_id(s->mb, &id);
    imap_untagged(s, "OK [MAILBOXID (%s)] Identifier that stays", id.data);
}

/* IMAP4rev2 wants it, with the name as it was asked for if that is another (RFC 9051 6.3.2). */
static void tell_list(struct imap *s, const char *asked)
{
    if (s->enabled & IMAP_ENABLED_REV2)
        imap_list_tell_name(s, mailbox_name(s->mb), strcmp(asked, mailbox_name(s->mb)) ? asked : NULL);
}

static void tell_all(struct imap *s, const char *asked)
{
    tell_flags(s);
    tell_list(s, asked);
    imap_untagged(s, "%u EXISTS", imap_view_count(&s->view));
    if (!(s->enabled & IMAP_ENABLED_REV2))
        imap_untagged(s, "%u RECENT", mailbox_recent(s->mb));
    tell_first_unseen(s);
    imap_untagged(s, "OK [UIDVALIDITY %u] UIDs are valid", mailbox_uidvalidity(s->mb));
    imap_untagged(s, "OK [UIDNEXT %u] Predicted next UID", mailbox_uidnext(s->mb));
    imap_condstore_tell_highest(s);
    tell_id(s);
}

static enum imap_status select_mailbox(struct imap *s, bool read_only)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    AUTO_RESYNC struct imap_resync resync = {0};
    struct err e;
    if (!name || !imap_resync_parse(s, &resync))
        return s->reply.status;
    if (s->mb)
        imap_untagged(s, "OK [CLOSED] The mailbox of before is closed");
    imap_session_deselect(s);
    if (mailbox_open(&s->mb, s->store, name, read_only, &e)) {
        s->mb = NULL;
        return imap_no_err(s, &e);
    }
    imap_view_start(&s->view, s->mb);
    s->has_modseqs = mailbox_has_modseqs(s->mb);
    if (resync.condstore)
        s->enabled |= IMAP_ENABLED_CONDSTORE;
    tell_all(s, name);
    imap_resync_tell(s, &resync);
    if (mailbox_read_only(s->mb))
        return imap_ok(s, "[READ-ONLY] Opened for reading");
    return imap_ok(s, "[READ-WRITE] Opened");
}

enum imap_status imap_cmd_select(struct imap *s)
{
    return select_mailbox(s, false);
}

enum imap_status imap_cmd_examine(struct imap *s)
{
    return select_mailbox(s, true);
}
