/*
 * imap_cmd_create.c - CREATE, with the USE of RFC 6154. The answer has the new mailbox's identifier (RFC 8474).
 */
#include "access/imap_commands.h"
#include "access/imap_special.h"
#include "base/cleanup.h"
#include "maildir/maildir_special.h"

#define USES_MAX 100

/* A final separator only says that there will be children (RFC 3501 6.3.3). */
static void drop_final_separator(char *name)
{
    size_t n = strlen(name);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
}

/* Read "(\Sent \Drafts)" into "\Sent,\Drafts" (RFC 6154 section 3). False: the answer is settled. */
static bool read_uses(struct imap *s, struct imap_args *list, struct strbuf *text)
{
    struct bytes use;
    while (imap_args_atom(list, &use)) {
        size_t i = imap_special_index(use);
        if (i == IMAP_SPECIAL_USES) {
            imap_no(s, "[USEATTR] A folder can be for \\Archive, \\Drafts, \\Junk, \\Sent or \\Trash");
            return false;
        }
        strbuf_addf(text, "%s%s", text->len ? "," : "", imap_special_uses[i]);
    }
    if (!imap_args_end(list) || text->overflow) {
        imap_bad(s, "USE takes a list of special uses");
        return false;
    }
    return true;
}

/* "(USE (\Sent))", if it is there. False: the answer is settled. */
static bool read_parameters(struct imap *s, struct strbuf *uses)
{
    struct imap_args parameters, list;
    if (!imap_args_list(&s->args, &parameters))
        return true;
    while (!imap_args_end(&parameters)) {
        if (!imap_args_word(&parameters, "USE") || !imap_args_list(&parameters, &list)) {
            imap_bad(s, "The only parameter of CREATE is USE, with a list of special uses");
            return false;
        }
        if (!read_uses(s, &list, uses))
            return false;
    }
    return true;
}

enum imap_status imap_cmd_create(struct imap *s)
{
    AUTO_STRBUF struct strbuf uses = STRBUF_INIT(USES_MAX);
    AUTO_FREE char *name = imap_session_new_mailbox(s);
    struct mailbox_status status;
    struct err e;
    if (!name || !read_parameters(s, &uses) || !imap_session_no_more_args(s))
        return s->reply.status;
    drop_final_separator(name);
    if (mail_store_create(s->store, name, &e))
        return imap_no_err(s, &e);
    if (uses.len && mail_store_set_use(s->store, name, uses.data, &e)) {
        struct err ignored;
        mail_store_delete(s->store, name, &ignored);
        return imap_no(s, "[USEATTR] %s", e.text);
    }
    if (mail_store_status(s->store, name, false, &status, &e))
        return imap_ok(s, "Created");
    return imap_ok(s, "[MAILBOXID (%s)] Created", status.id);
}
