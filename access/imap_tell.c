/*
 * imap_tell.c - telling the client what has changed in the selected mailbox, in the form that it has asked for.
 */
#include "access/imap_condstore.h"
#include "access/imap_flags.h"
#include "access/imap_notify.h"
#include "base/cleanup.h"
#include "base/log.h"

#define FLAGS_LINE_MAX 8192 /* octets: 64 keywords of 50 octets and the system flags */

static void tell_keywords(struct imap *s)
{
    uint64_t now = imap_flags_keywords(s->mb);
    if (!(now & ~s->keywords_told))
        return;
    AUTO_STRBUF struct strbuf all = STRBUF_INIT(FLAGS_LINE_MAX);
    imap_flags_write_all(&all, s->mb, false);
    imap_untagged(s, "FLAGS %s", all.data);
    if (!mailbox_read_only(s->mb)) {
        strbuf_clear(&all);
        imap_flags_write_all(&all, s->mb, true);
        imap_untagged(s, "OK [PERMANENTFLAGS %s] New keywords", all.data);
    }
    s->keywords_told = now;
}

static void tell_expunge(void *arg, uint32_t seq)
{
    imap_untagged(arg, "%u EXPUNGE", seq);
}

static void tell_vanished(void *arg, const uint32_t *uids, size_t n)
{
    imap_vanished(arg, uids, n);
}

static void tell_exists(void *arg, uint32_t count, uint32_t recent)
{
    struct imap *s = arg;
    imap_untagged(s, "%u EXISTS", count);
    if (!(s->enabled & IMAP_ENABLED_REV2))
        imap_untagged(s, "%u RECENT", recent);
}

static void tell_flags(void *arg, uint32_t seq, const struct mail *mail)
{
    bool immediate;
    (void)seq;
    if (imap_notify_selected(arg, &immediate) & IMAP_NOTIFY_FLAGS)
        imap_tell_mail(arg, mail, true);
}

void imap_session_tell(struct imap *s, bool may_expunge, const uint32_t *skip, size_t nskip)
{
    struct imap_view_sink sink = {.expunge = tell_expunge,
                                  .exists = tell_exists,
                                  .flags = tell_flags,
                                  .arg = s,
                                  .skip = skip,
                                  .nskip = nskip};
    bool immediate;
    if (!s->mb || !imap_notify_selected(s, &immediate))
        return;
    uint32_t max = s->view.max_uid;
    if (imap_condstore_vanishes(s))
        sink.vanished = tell_vanished;
    tell_keywords(s);
    imap_view_sync(&s->view, s->mb, may_expunge, &sink);
    imap_notify_new_messages(s, max);
}

void imap_session_sync(struct imap *s, bool may_expunge, const uint32_t *skip, size_t nskip)
{
    struct err e;
    if (!s->mb)
        return;
    if (mailbox_refresh(s->mb, &e)) {
        log_error("%s: %s", s->options->user, e.text);
        if (e.code == ERR_NOTFOUND)
            s->bye = "[UNAVAILABLE] The selected mailbox is gone";
        return;
    }
    imap_session_tell(s, may_expunge, skip, nskip);
    mailbox_rest(s->mb);
}
