/*
 * maildir_copy.c - COPY and MOVE within a store, by hard link.
 *
 *   S1  under the destination's lock: files linked into its cur/ under new names, with their flags
 *       a crash here: whole copies exist that were not acknowledged; they get UIDs as new mail
 *   S2  cur/ of the destination synced
 *   S3  their UIDs appended to the uidlist and synced: a copy is acknowledged here
 *   S4  MOVE: the sources unlinked under the source's lock, and its cur/ synced: acknowledged
 *       a crash between S3 and S4: the message is in both folders, never in none
 *
 * An error before S3 takes the links back. The two locks are never held both, so two moves cannot wait for each
 * other. The hard link keeps the file's mtime, and so INTERNALDATE. MOVE keeps the message's GUID (uidlist field G;
 * its default is the base name).
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct copy {
    struct mailbox *from;
    struct mailbox *to; /* opened for this */
    struct names {
        char **items;
        size_t n;
    } made; /* names in the destination's cur/ */
    struct mail_copy_result *result;
    uint32_t letters[MAIL_KEYWORDS_MAX]; /* keyword n of the source is this bit of the destination */
    int64_t octets;
    bool move;
};

static void take_back(struct copy *c)
{
    for (size_t i = 0; i < c->made.n; i++)
        unlinkat(c->to->folder.cur_fd, c->made.items[i], 0);
    fs_sync_dir(c->to->folder.cur_fd);
}

static void copy_done(struct copy *c)
{
    for (size_t i = 0; i < c->made.n; i++)
        free(c->made.items[i]);
    free(c->made.items);
    mailbox_close(c->to);
}

static int map_keywords(struct copy *c, const uint32_t *uids, size_t n, struct err *e)
{
    uint32_t used = 0, in_use = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(c->from, uids[i]);
        used |= mail ? mail->keywords : 0;
    }
    for (size_t i = 0; i < c->to->n; i++)
        in_use |= c->to->entries[i].mail.keywords;
    for (unsigned k = 0; k < MAIL_KEYWORDS_MAX; k++) {
        const char *name = mailbox_keyword(c->from, k);
        if (!(used & (1u << k)) || !name)
            continue;
        int letter = keywords_get(&c->to->keywords, name, in_use, e);
        if (letter < 0)
            return -1;
        c->letters[k] = 1u << letter;
    }
    return keywords_save(&c->to->keywords, c->to->folder.fd, e);
}

static uint32_t translate(const struct copy *c, uint32_t keywords)
{
    uint32_t bits = 0;
    for (unsigned k = 0; k < MAIL_KEYWORDS_MAX; k++)
        if (keywords & (1u << k))
            bits |= c->letters[k];
    return bits;
}

/* "<new unique>,S=..,W=..:2,FLAGS" */
static int target_name(struct copy *c, struct entry *entry, struct strbuf *name, struct err *e)
{
    if (mailbox_entry_info(c->from, entry, e))
        return -1;
    AUTO_STRBUF struct strbuf base = STRBUF_INIT(MAILDIR_NAME_MAX);
    maildir_name_new(&base);
    strbuf_addf(&base, ",S=%llu,W=%llu", (unsigned long long)entry->info.size,
                (unsigned long long)entry->info.virtual_size);
    if (!maildir_name_with_flags(name, strbuf_bytes(&base), entry->mail.flags,
                                 translate(c, entry->mail.keywords)))
        return err_set(e, ERR_LIMIT, "message %u: the file name would be too long", entry->mail.uid);
    return 0;
}

static int link_one(struct copy *c, struct entry *entry, const char *to, struct err *e)
{
    for (int round = 0; round < 10; round++) {
        if (!linkat(mailbox_dir_of(c->from, entry), entry->mail.name, c->to->folder.cur_fd, to, 0))
            return 0;
        if (errno != ENOENT)
            return err_errno(e, errno, "message %u cannot be copied", entry->mail.uid);
        if (mailbox_locate(c->from, entry))
            break;
    }
    return err_set(e, ERR_NOTFOUND, "message %u is gone", entry->mail.uid);
}

static char *guid_field(const struct copy *c, const struct entry *entry)
{
    AUTO_STRBUF struct strbuf field = STRBUF_INIT(1024);
    struct bytes guid = bytes_of(entry->mail.base);
    const struct uidlist_entry *line = uidlist_find(&c->from->uidlist, entry->mail.uid);
    if (!c->move)
        return NULL;
    if (line)
        uidlist_field(line, 'G', &guid);
    strbuf_addf(&field, "G" BYTES_FMT, BYTES_ARG(guid));
    return strchr(field.data, ' ') ? NULL : strbuf_detach(&field);
}

static int copy_one(struct copy *c, struct entry *entry, struct err *e)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(MAILDIR_NAME_MAX);
    uint32_t uid;
    if (target_name(c, entry, &name, e) || link_one(c, entry, name.data, e))
        return -1;
    c->made.items[c->made.n++] = xstrdup(name.data);
    AUTO_FREE char *field = guid_field(c, entry);
    if (uidlist_add(&c->to->uidlist, maildir_name_base(strbuf_bytes(&name)), field, &uid, e))
        return -1;
    c->octets += (int64_t)entry->info.size;
    c->result->source[c->result->n] = entry->mail.uid;
    c->result->target[c->result->n++] = uid;
    return 0;
}

static int copy_all(struct copy *c, const uint32_t *uids, size_t n, struct maildir_lock *lock, struct err *e)
{
    if (map_keywords(c, uids, n, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct entry *entry = mailbox_entry(c->from, uids[i]);
        maildir_lock_refresh(lock);
        if (entry && copy_one(c, entry, e))
            return -1;
    }
    if (!c->move && quota_check(c->from->store, c->octets, (int64_t)c->made.n, e))
        return -1;
    if (fs_sync_dir(c->to->folder.cur_fd))
        return err_errno(e, errno, "syncing the folder");
    return uidlist_save(&c->to->uidlist, c->to->folder.fd, c->to->n + c->made.n, NULL, NULL, e);
}

static int copy_locked(struct copy *c, const uint32_t *uids, size_t n, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    if (mailbox_lock(c->to, &lock, false, e))
        return -1;
    uint32_t next = c->to->uidlist.next;
    c->result->uidvalidity = mailbox_uidvalidity(c->to);
    if (!copy_all(c, uids, n, &lock, e))
        return 0;
    take_back(c);
    uidlist_rollback(&c->to->uidlist, next);
    return -1;
}

int mailbox_copy(struct mailbox *mb, const uint32_t *uids, size_t n, const char *folder, bool move,
                 struct mail_copy_result *result, struct err *e)
{
    struct copy c = {.from = mb, .result = result, .move = move};
    *result = (struct mail_copy_result){.n = 0};
    if (move && mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_refresh(mb, e) || mailbox_open(&c.to, mb->store, folder, true, e))
        return -1;
    result->source = xcalloc(n + 1, sizeof *result->source);
    result->target = xcalloc(n + 1, sizeof *result->target);
    c.made.items = xcalloc(n + 1, sizeof *c.made.items);
    int r = copy_locked(&c, uids, n, e);
    if (!r)
        quota_add(mb->store, c.octets, (int64_t)c.made.n);
    if (!r && move)
        r = mailbox_expunge(mb, result->source, result->n, true, e);
    copy_done(&c);
    if (r)
        mail_copy_result_done(result);
    return r;
}

void mail_copy_result_done(struct mail_copy_result *result)
{
    free(TAKE_PTR(result->source));
    free(TAKE_PTR(result->target));
    result->n = 0;
}
