/*
 * imap_cmd_fetch.c - FETCH and UID FETCH.
 *
 * Items that set \Seen do so for a batch of messages at a time, under one lock and with one sync, before the
 * batch is sent: the FLAGS that go along are then those on the disk.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_fetch_items.h"
#include "base/cleanup.h"
#include "base/log.h"

#define SEEN_BATCH 100 /* messages */

/* Keep the message of the last fetch open: clients fetch large ones piece by piece. */
static struct imap_message *open_message(struct imap *s, uint32_t uid)
{
    if (s->message && s->message->uid == uid && imap_message_is_current(s->message))
        return s->message;
    imap_message_free(s->message);
    s->message = imap_message_new(s->mb, uid);
    return s->message;
}

/* Which of these are unseen, into `unseen`. */
static size_t pick_unseen(struct imap *s, const uint32_t *uids, size_t n, uint32_t *unseen)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail && !(mail->flags & MAIL_SEEN))
            unseen[found++] = uids[i];
    }
    return found;
}

/* Set \Seen. What others changed meanwhile is told; our own change goes along with the answers. */
static size_t mark_seen(struct imap *s, const uint32_t *uids, size_t n, uint32_t *marked)
{
    static const struct mail_flag_change seen = {.how = MAIL_FLAGS_ADD, .flags = MAIL_SEEN};
    struct err e;
    size_t found = mailbox_read_only(s->mb) ? 0 : pick_unseen(s, uids, n, marked);
    if (found == 0)
        return 0;
    if (mailbox_store(s->mb, marked, found, &seen, &e)) {
        log_warn("%s: \\Seen could not be set: %s", s->options->user, e.text);
        return 0;
    }
    imap_session_tell(s, false, marked, found);
    return found;
}

struct result {
    size_t gone, failed, unknown_encoding;
};

static void send_one(struct imap *s, const struct imap_fetch *fetch, uint32_t uid, bool marked,
                     struct result *r)
{
    if (!mailbox_find(s->mb, uid)) {
        r->gone++;
        return;
    }
    struct imap_message *m = open_message(s, uid);
    if (imap_fetch_send(s, fetch, m, marked) == 0)
        return;
    if (m->err.code == ERR_NOTFOUND)
        r->gone++;
    else if (m->err.code == ERR_INVALID)
        r->unknown_encoding++;
    else {
        r->failed++;
        log_error("%s: FETCH: %s", s->options->user, m->err.text);
    }
}

static void send_batch(struct imap *s, const struct imap_fetch *fetch, const uint32_t *uids, size_t n,
                       struct result *r)
{
    uint32_t marked[SEEN_BATCH];
    size_t nmarked = fetch->sees ? mark_seen(s, uids, n, marked) : 0, at = 0;
    for (size_t i = 0; i < n && !s->io.dead; i++) {
        bool was_marked = at < nmarked && marked[at] == uids[i];
        at += was_marked;
        send_one(s, fetch, uids[i], was_marked, r);
    }
}

static enum imap_status answer(struct imap *s, const struct result *r)
{
    if (r->failed)
        return imap_no(s, "[SERVERBUG] %zu of the messages could not be read", r->failed);
    if (r->unknown_encoding)
        return imap_no(s, "[UNKNOWN-CTE] %zu of the messages have an encoding that is not known",
                       r->unknown_encoding);
    if (r->gone && !s->by_uid)
        return imap_no(s, "[EXPUNGEISSUED] %zu of the messages are gone", r->gone);
    return imap_ok(s, "Fetched");
}

/* Leave those that changed since then. */
static bool keep_changed(struct imap *s, uint32_t *uids, size_t *n, uint64_t since)
{
    AUTO_FREE uint32_t *changed = NULL;
    size_t nchanged, kept = 0, at = 0;
    struct err e;
    if (mailbox_changed(s->mb, since, &changed, &nchanged, &e)) {
        imap_no_err(s, &e);
        return false;
    }
    for (size_t i = 0; i < *n; i++) {
        while (at < nchanged && changed[at] < uids[i])
            at++;
        if (at == nchanged || changed[at] != uids[i])
            continue;
        const struct mail *mail = mailbox_find(s->mb, uids[i]);
        if (mail && mail->changed > since)
            uids[kept++] = uids[i];
    }
    *n = kept;
    return true;
}

/* Positive counts from the first message of the set, negative from the last (RFC 9394). */
static void keep_part(const struct imap_fetch *fetch, uint32_t **first, size_t *n)
{
    size_t from = fetch->partial_from - 1, to = fetch->partial_to;
    to = to < *n ? to : *n;
    size_t count = from < to ? to - from : 0;
    *first += !count ? 0 : fetch->partial_from_end ? *n - to : from;
    *n = count;
}

/* The answer is settled if it returns false. */
static bool apply_modifiers(struct imap *s, const struct imap_fetch *fetch, const struct imap_seqset *set,
                            uint32_t **uids, size_t *n)
{
    if (fetch->partial_from)
        keep_part(fetch, uids, n);
    if (fetch->vanished)
        imap_vanished_earlier(s, set, 0, fetch->since);
    return !fetch->has_since || keep_changed(s, *uids, n, fetch->since);
}

enum imap_status imap_cmd_fetch(struct imap *s)
{
    AUTO_IMAP_FETCH struct imap_fetch fetch = {0};
    AUTO_SEQSET struct imap_seqset set = {0};
    AUTO_FREE uint32_t *all = NULL;
    struct result r = {0, 0};
    size_t n;
    if (!imap_session_read_set(s, &set) || !imap_fetch_parse(s, &fetch))
        return s->reply.status;
    imap_session_resolve(s, &set, s->by_uid, &all, &n);
    uint32_t *uids = all;
    if (!apply_modifiers(s, &fetch, &set, &uids, &n))
        return s->reply.status;
    for (size_t i = 0; i < n && !s->io.dead; i += SEEN_BATCH)
        send_batch(s, &fetch, uids + i, n - i < SEEN_BATCH ? n - i : SEEN_BATCH, &r);
    return answer(s, &r);
}
