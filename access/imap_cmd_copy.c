/*
 * imap_cmd_copy.c - COPY, MOVE and their UID forms.
 */
#include "access/imap_commands.h"
#include "access/imap_expunge.h"
#include "base/cleanup.h"

#define COPYUID_MAX (1 << 20) /* octets of its sets; a longer one is left out, as RFC 4315 permits */

/* "[COPYUID validity sources targets] " into out, or nothing. */
static void write_copyuid(struct strbuf *out, const struct mail_copy_result *r)
{
    if (r->n == 0)
        return;
    strbuf_addf(out, "[COPYUID %u ", r->uidvalidity);
    imap_seqset_write(out, r->source, r->n);
    strbuf_addc(out, ' ');
    imap_seqset_write(out, r->target, r->n);
    strbuf_adds(out, "] ");
    if (out->overflow)
        strbuf_clear(out);
}

/* Those that are still there; a client that named others by number must know. */
static bool all_present(struct imap *s, uint32_t *uids, size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (mailbox_find(s->mb, uids[i]))
            uids[kept++] = uids[i];
    }
    bool all = kept == *n;
    *n = kept;
    return all;
}

static enum imap_status copy(struct imap *s, uint32_t *uids, size_t n, const char *folder, bool move)
{
    struct mail_copy_result r = {0};
    struct err e;
    if (mailbox_refresh(s->mb, &e))
        return imap_no_err(s, &e);
    if (!all_present(s, uids, &n) && !s->by_uid)
        return imap_no(s, "[EXPUNGEISSUED] Some of the messages are gone");
    if (n == 0)
        return imap_ok(s, "There are no such messages");
    if (mailbox_copy(s->mb, uids, n, folder, move, &r, &e))
        return imap_no_trycreate(s, &e);
    s->did.stored += r.n;
    s->did.removed += move ? r.n : 0;
    AUTO_STRBUF struct strbuf code = STRBUF_INIT(COPYUID_MAX);
    write_copyuid(&code, &r);
    mail_copy_result_done(&r);
    if (!move)
        return imap_ok(s, "%sCopied", code.data);
    if (code.len > 0) {
        imap_puts(s, "* OK ");
        imap_put(s, strbuf_bytes(&code));
        imap_puts(s, "Moved\r\n");
    }
    return imap_ok_highest(s, "Moved");
}

static enum imap_status copy_or_move(struct imap *s, bool move)
{
    AUTO_FREE uint32_t *uids = NULL;
    AUTO_FREE char *folder = NULL;
    size_t n;
    if (!imap_session_targets(s, &uids, &n) || !(folder = imap_session_mailbox(s)) ||
        !imap_session_no_more_args(s))
        return s->reply.status;
    return copy(s, uids, n, folder, move);
}

enum imap_status imap_cmd_copy(struct imap *s)
{
    return copy_or_move(s, false);
}

enum imap_status imap_cmd_move(struct imap *s)
{
    return copy_or_move(s, true);
}
