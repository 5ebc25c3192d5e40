/*
 * maildir_append.c - APPEND: one or many messages into cur/ as one act.
 *
 *   S1 S2  each message in tmp/, written and synced (maildir_write.c), UNSYNCED_MAX of them at a time
 *   S3     under the uidlist lock: all renamed into cur/ with their flags
 *          a crash here: some whole messages are there that were not acknowledged
 *   S4     their UIDs appended to the uidlist and synced
 *          a power cut here: UIDs are used up whose messages may still be in tmp/
 *   S5     cur/ synced: acknowledged. In this order a file system with a journal commits both at S4
 *
 *   S6     REPLACE: the message that is replaced goes, under its own folder's lock: acknowledged only now
 *
 * An error takes everything back.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>

#define MESSAGES_MAX 10000 /* of one APPEND */
#define UNSYNCED_MAX 64    /* written messages that are open until they are synced together */

struct item {
    struct writer writer;
    uint32_t flags;
    char **keywords;
    size_t nkeywords;
    time_t date;
    char *name; /* in cur/, once renamed */
};

struct mail_append {
    struct mail_store *store;
    struct mailbox *mb;
    struct item *items;
    size_t n;
    size_t synced;               /* items before this one are durable in tmp/ */
    bool open;                   /* the last item is being written */
    struct mailbox *replaced_in; /* REPLACE: where the old message is, or NULL */
    uint32_t replaced;
};

static void item_done(struct item *item)
{
    writer_abort(&item->writer);
    for (size_t i = 0; i < item->nkeywords; i++)
        free(item->keywords[i]);
    free(item->keywords);
    free(item->name);
}

void mail_append_abort(struct mail_append *append)
{
    if (!append)
        return;
    for (size_t i = 0; i < append->n; i++)
        item_done(&append->items[i]);
    free(append->items);
    mailbox_close(append->mb);
    free(append);
}

int mail_append_begin(struct mail_append **result, struct mail_store *store, const char *folder,
                      struct err *e)
{
    struct mail_append *append = xcalloc(1, sizeof *append);
    append->store = store;
    if (mailbox_open(&append->mb, store, folder, true, e)) {
        free(append);
        return -1;
    }
    *result = append;
    return 0;
}

static int sync_written(struct mail_append *append, struct err *e)
{
    struct writer *writers[UNSYNCED_MAX];
    size_t n = 0;
    for (; append->synced < append->n; append->synced++)
        writers[n++] = &append->items[append->synced].writer;
    return writer_sync(writers, n, e);
}

static int close_last(struct mail_append *append, struct err *e)
{
    if (!append->open)
        return 0;
    append->open = false;
    struct item *item = &append->items[append->n - 1];
    if (writer_finish(&item->writer, item->date, e))
        return -1;
    return append->n - append->synced == UNSYNCED_MAX ? sync_written(append, e) : 0;
}

int mail_append_add(struct mail_append *append, uint32_t flags, const char *const *keywords, size_t nkeywords,
                    time_t date, struct err *e)
{
    if (close_last(append, e))
        return -1;
    if (append->n == MESSAGES_MAX)
        return err_set(e, ERR_LIMIT, "more than %d messages in one append", MESSAGES_MAX);
    append->items = xgrow(append->items, append->n, sizeof *append->items);
    struct item *item = &append->items[append->n];
    *item = (struct item){.flags = flags, .date = date, .writer = {.fd = -1}};
    if (writer_open(&item->writer, append->mb->folder.tmp_fd, e)) {
        item_done(item);
        return -1;
    }
    item->keywords = xcalloc(nkeywords + 1, sizeof *item->keywords);
    for (; item->nkeywords < nkeywords; item->nkeywords++)
        item->keywords[item->nkeywords] = xstrdup(keywords[item->nkeywords]);
    append->n++;
    append->open = true;
    return 0;
}

int mail_append_write(struct mail_append *append, const void *p, size_t n, struct err *e)
{
    return writer_write(&append->items[append->n - 1].writer, p, n, e);
}

static int item_keywords(struct mail_append *append, const struct item *item, uint64_t *bits, struct err *e)
{
    const struct mail_flag_change change = {
        .keywords = (const char *const *)item->keywords, .nkeywords = item->nkeywords, .how = MAIL_FLAGS_ADD};
    return mailbox_keyword_bits(append->mb, &change, bits, e);
}

static int place(struct mail_append *append, struct item *item, struct uidlist *ul, struct mail_change *made,
                 struct err *e)
{
    AUTO_STRBUF struct strbuf base = STRBUF_INIT(MAILDIR_NAME_MAX);
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(MAILDIR_NAME_MAX);
    struct folder *f = &append->mb->folder;
    uint64_t keywords;
    if (item_keywords(append, item, &keywords, e))
        return -1;
    strbuf_adds(&base, item->writer.tmp_name);
    writer_add_sizes(&base, &item->writer);
    if (!maildir_name_with_flags(&name, strbuf_bytes(&base), item->flags, (uint32_t)keywords & MAIL_LETTERS))
        return err_set(e, ERR_LIMIT, "the file name would be too long");
    if (maildir_rename(f->tmp_fd, item->writer.tmp_name, f->cur_fd, name.data))
        return err_errno(e, errno, "moving the message into cur/");
    free(TAKE_PTR(item->writer.tmp_name));
    item->name = strbuf_detach(&name);
    *made = (struct mail_change){.name = bytes_of(item->name), .keywords = keywords & SIDECAR_MASK};
    made->has_keywords = made->keywords != 0;
    if (made->has_keywords && mailbox_set_upper(append->mb, strbuf_bytes(&base), made->keywords, e))
        return -1;
    return uidlist_add(ul, strbuf_bytes(&base), NULL, &made->uid, e);
}

static int place_all(struct mail_append *append, struct uidlist *ul, struct mail_change *made, struct err *e)
{
    for (size_t i = 0; i < append->n; i++)
        if (place(append, &append->items[i], ul, &made[i], e))
            return -1;
    if (mailbox_save_upper(append->mb, e))
        return -1;
    if (uidlist_save(ul, append->mb->folder.fd, NULL, NULL, e))
        return -1;
    return fs_sync_dir(append->mb->folder.cur_fd) ? err_errno(e, errno, "syncing the folder") : 0;
}

static void take_back(struct mail_append *append)
{
    for (size_t i = 0; i < append->n; i++)
        if (append->items[i].name)
            unlinkat(append->mb->folder.cur_fd, append->items[i].name, 0);
    fs_sync_dir(append->mb->folder.cur_fd);
}

static int commit_locked(struct mail_append *append, struct mail_change *made, struct maildir_lock *lock,
                         struct err *e)
{
    struct uidlist ul;
    uidlist_init(&ul);
    mailbox_resume_uidlist(append->mb, &ul);
    int r = place_all(append, &ul, made, e);
    if (r)
        take_back(append);
    else
        mailbox_added(append->mb, &ul, made, append->n, lock);
    uidlist_done(&ul);
    return r;
}

void mail_append_replace(struct mail_append *append, struct mailbox *mb, uint32_t uid)
{
    append->replaced_in = mb;
    append->replaced = uid;
}

/* What the quota will be given back for the message that is replaced. */
static int look_at_replaced(struct mail_append *append, int64_t *octets, int64_t *messages, struct err *e)
{
    struct mailbox *mb = append->replaced_in;
    struct mail_info info;
    *octets = *messages = 0;
    if (!mb)
        return 0;
    if (mailbox_refresh(mb, e) || mailbox_message_info(mb, append->replaced, &info, e))
        return -1;
    if (quota_counts(append->store, mailbox_name(mb))) {
        *octets = (int64_t)info.size;
        *messages = 1;
    }
    return 0;
}

static int commit(struct mail_append *append, struct mail_change *made, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_QUOTA struct quota quota = QUOTA_INIT;
    int64_t octets = 0, old_octets, old_messages;
    if (close_last(append, e) || sync_written(append, e) ||
        look_at_replaced(append, &old_octets, &old_messages, e))
        return -1;
    for (size_t i = 0; i < append->n; i++)
        octets += (int64_t)append->items[i].writer.size;
    if (mailbox_lock(append->mb, &lock, false, e) ||
        quota_begin(&quota, append->store, append->mb->name, octets - old_octets,
                    (int64_t)append->n - old_messages,
                    octets <= old_octets && (int64_t)append->n <= old_messages, e) ||
        commit_locked(append, made, &lock, e))
        return -1;
    quota.octets = octets;
    quota.messages = (int64_t)append->n;
    return 0;
}

/* The old message goes, or the new ones do. */
static int finish_replace(struct mail_append *append, const uint32_t *uids, struct err *e)
{
    struct err ignored;
    if (!append->replaced_in || !mailbox_expunge(append->replaced_in, &append->replaced, 1, true, e))
        return 0;
    append->mb->read_only = false;
    mailbox_expunge(append->mb, uids, append->n, true, &ignored);
    return -1;
}

int mail_append_commit(struct mail_append *append, uint32_t *uidvalidity, uint32_t **uids, size_t *n,
                       struct err *e)
{
    AUTO_FREE struct mail_change *made = xcalloc(append->n + 1, sizeof *made);
    int r = commit(append, made, e);
    if (!r) {
        *uidvalidity = mailbox_uidvalidity(append->mb);
        *uids = xcalloc(append->n + 1, sizeof **uids);
        *n = append->n;
        for (size_t i = 0; i < append->n; i++)
            (*uids)[i] = made[i].uid;
        r = finish_replace(append, *uids, e);
    }
    mail_append_abort(append);
    return r;
}
