/*
 * imap_cmd_rename.c - RENAME.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"
#include "base/log.h"

#define NAME_MAX_OUT 8192

/* The new name of the selected mailbox after the rename, or NULL if it keeps its own. INBOX keeps it: only
 * its messages go. */
static char *new_name(const struct imap *s, const char *from, const char *to)
{
    size_t n = strlen(from);
    const char *selected = s->mb ? mailbox_name(s->mb) : "";
    if (strncmp(selected, from, n) != 0 || (selected[n] != '\0' && selected[n] != '.'))
        return NULL;
    if (bytes_eq_nocase(bytes_of(from), BYTES("INBOX")))
        return NULL;
    struct strbuf name = STRBUF_INIT(NAME_MAX_OUT);
    strbuf_addf(&name, "%s%s", to, selected + n);
    return strbuf_detach(&name);
}

/* Open the selected mailbox under its new name. The client's numbering goes on: the UIDs are the same. */
static void follow(struct imap *s, const char *name)
{
    struct mailbox *mb;
    struct err e;
    if (mailbox_open(&mb, s->store, name, mailbox_read_only(s->mb), &e)) {
        log_warn("%s: renamed while selected: %s", s->options->user, e.text);
        imap_session_deselect(s);
        return;
    }
    bool same = mailbox_uidvalidity(mb) == mailbox_uidvalidity(s->mb);
    struct imap_view view = s->view;
    s->view = (struct imap_view){0};
    imap_session_deselect(s);
    s->mb = mb;
    s->view = view;
    s->view.told = mailbox_sequence(mb);
    s->view.gone_pending = true;
    if (!same)
        s->bye = "[UNAVAILABLE] The selected mailbox was renamed and has new UIDs";
}

enum imap_status imap_cmd_rename(struct imap *s)
{
    AUTO_FREE char *from = imap_session_mailbox(s);
    AUTO_FREE char *to = from ? imap_session_new_mailbox(s) : NULL;
    struct err e;
    if (!from || !to || !imap_session_no_more_args(s))
        return s->reply.status;
    AUTO_FREE char *renamed = new_name(s, from, to);
    if (mail_store_rename(s->store, from, to, &e))
        return imap_no_err(s, &e);
    if (renamed)
        follow(s, renamed);
    return imap_ok(s, "Renamed");
}
