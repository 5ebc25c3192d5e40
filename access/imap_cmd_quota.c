/*
 * imap_cmd_quota.c - GETQUOTA, GETQUOTAROOT and SETQUOTA (RFC 9208).
 *
 * There is one quota root for all mailboxes that count, and none for an account without limits. Limits are the administrator's business.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

#define ROOT         "\"User quota\""
#define UNIT         1024 /* octets of STORAGE */
#define NAME_LEN_MAX 16384

static int tell(struct imap *s, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(200);
    struct mail_quota q;
    if (mail_store_quota(s->store, &q, e))
        return -1;
    if (q.limit_octets > 0)
        strbuf_addf(&text, " STORAGE %lld %lld", (long long)((q.octets + UNIT - 1) / UNIT),
                    (long long)(q.limit_octets / UNIT));
    if (q.limit_messages > 0)
        strbuf_addf(&text, " MESSAGE %lld %lld", (long long)q.messages, (long long)q.limit_messages);
    imap_untagged(s, "QUOTA " ROOT " (%s)", text.len ? text.data + 1 : "");
    return 0;
}

enum imap_status imap_cmd_getquota(struct imap *s)
{
    struct bytes root;
    struct err e;
    if (!imap_args_astring(&s->args, &root))
        return imap_bad(s, "The name of a quota root was expected");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (!bytes_eq(root, BYTES("User quota")) || !mail_store_counts(s->store, "INBOX"))
        return imap_no(s, "[NONEXISTENT] There is no such quota root; GETQUOTAROOT tells which there are");
    if (tell(s, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, "That much is in use");
}

enum imap_status imap_cmd_getquotaroot(struct imap *s)
{
    AUTO_STRBUF struct strbuf shown = STRBUF_INIT(NAME_LEN_MAX);
    AUTO_FREE char *name = imap_session_mailbox(s);
    struct err e;
    if (!name || !imap_session_no_more_args(s))
        return s->reply.status;
    if (!mail_store_has(s->store, name))
        return imap_no(s, "[NONEXISTENT] There is no such mailbox");
    bool counts = mail_store_counts(s->store, name);
    imap_mailbox_write(s, &shown, name);
    imap_untagged(s, "QUOTAROOT %s%s", shown.data, counts ? " " ROOT : "");
    if (counts && tell(s, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, "That is its quota root");
}

enum imap_status imap_cmd_setquota(struct imap *s)
{
    return imap_no(s, "[NOPERM] Limits are set by the administrator");
}
