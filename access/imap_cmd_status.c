/*
 * imap_cmd_status.c - STATUS. The answer names the mailbox as the client has spelled it.
 */
#include "access/imap_commands.h"
#include "access/imap_status_items.h"
#include "base/cleanup.h"

#define NAME_OCTETS_MAX 8192

enum imap_status imap_cmd_status(struct imap *s)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    AUTO_STRBUF struct strbuf shown = STRBUF_INIT(NAME_OCTETS_MAX);
    struct err e;
    if (!name)
        return s->reply.status;
    strbuf_addf(&shown, "%s%s", s->by_alias ? "INBOX." : "", name);
    unsigned wanted = imap_status_parse(s, &s->args);
    if (!wanted || !imap_session_no_more_args(s))
        return s->reply.status;
    if (imap_status_answer(s, name, shown.data, wanted, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, "Counted");
}
