/*
 * maildir_flags.c - changing flags and removing messages: renames and unlinks in cur/, under the uidlist
 * lock.
 *
 *   S1 lock taken, names known        a crash here: nothing happened
 *   S2 new keywords in dovecot-keywords, durable (only if a name was new)
 *   S3 some files renamed or removed  a crash here: some whole messages changed, none acknowledged
 *   S4 cur/ synced                    acknowledged
 * A file that was renamed meanwhile by a writer without lock is looked up by its base and tried again.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define ROUNDS 10

static uint32_t letters_in_use(const struct mailbox *mb)
{
    uint32_t all = 0;
    for (size_t i = 0; i < mb->n; i++)
        all |= mb->entries[i].mail.keywords;
    return all;
}

static int keyword_bits(struct mailbox *mb, const struct mail_flag_change *change, uint32_t *bits,
                        struct err *e)
{
    *bits = 0;
    uint32_t in_use = change->nkeywords ? letters_in_use(mb) : 0;
    for (size_t i = 0; i < change->nkeywords; i++) {
        int letter = change->how == MAIL_FLAGS_REMOVE
                         ? keywords_find(&mb->keywords, change->keywords[i])
                         : keywords_get(&mb->keywords, change->keywords[i], in_use, e);
        if (letter < 0 && change->how == MAIL_FLAGS_REMOVE)
            continue;
        if (letter < 0)
            return -1;
        *bits |= 1u << letter;
    }
    return keywords_save(&mb->keywords, mb->folder.fd, e);
}

static uint32_t combine(enum mail_store_how how, uint32_t old, uint32_t bits)
{
    return how == MAIL_FLAGS_SET ? bits : how == MAIL_FLAGS_ADD ? old | bits : old & ~bits;
}

static int change_one(struct mailbox *mb, struct entry *entry, const struct mail_flag_change *change,
                      uint32_t bits, struct err *e)
{
    AUTO_STRBUF struct strbuf to = STRBUF_INIT(MAILDIR_NAME_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t flags = combine(change->how, entry->mail.flags, change->flags);
        uint32_t keywords = combine(change->how, entry->mail.keywords, bits);
        if (flags == entry->mail.flags && keywords == entry->mail.keywords)
            return 0;
        strbuf_clear(&to);
        if (!maildir_name_with_flags(&to, bytes_of(entry->mail.name), flags, keywords))
            return err_set(e, ERR_LIMIT, "message %u: the file name would be too long", entry->mail.uid);
        if (!renameat(mailbox_dir_of(mb, entry), entry->mail.name, mb->folder.cur_fd, to.data)) {
            free(entry->mail.name);
            entry->mail.name = strbuf_detach(&to);
            entry->mail.in_new = false;
            entry->mail.flags = flags;
            entry->mail.keywords = keywords;
            entry->mail.changed = mb->sequence;
            return 0;
        }
        if (errno != ENOENT)
            return err_errno(e, errno, "message %u: flags cannot be changed", entry->mail.uid);
        if (mailbox_locate(mb, entry))
            return 0; /* gone: the next refresh will say so */
        maildir_name_flags(bytes_of(entry->mail.name), &entry->mail.flags, &entry->mail.keywords);
    }
    return err_set(e, ERR_BUSY, "message %u is renamed by another program all the time", entry->mail.uid);
}

int mailbox_store(struct mailbox *mb, const uint32_t *uids, size_t n, const struct mail_flag_change *change,
                  struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    uint32_t bits;
    if (mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_lock(mb, &lock, false, e) || keyword_bits(mb, change, &bits, e))
        return -1;
    mb->sequence++;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        struct entry *entry = mailbox_entry(mb, uids[i]);
        maildir_lock_refresh(&lock);
        if (entry)
            r = change_one(mb, entry, change, bits, e);
    }
    mb->scanned = false;
    if (fs_sync_dir(mb->folder.cur_fd) && !r)
        r = err_errno(e, errno, "syncing the folder");
    return r;
}

/* ---- removal ---- */

static int remove_one(struct mailbox *mb, struct entry *entry, int64_t *octets, struct err *e)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct stat st;
        int dir = mailbox_dir_of(mb, entry);
        uint64_t size = 0;
        if (mb->store->quota_bytes && !maildir_name_size(bytes_of(entry->mail.name), 'S', &size) &&
            !fstatat(dir, entry->mail.name, &st, AT_SYMLINK_NOFOLLOW))
            size = (uint64_t)st.st_size;
        if (!unlinkat(dir, entry->mail.name, 0)) {
            *octets += (int64_t)size;
            return 1;
        }
        if (errno != ENOENT)
            return err_errno(e, errno, "message %u cannot be removed", entry->mail.uid);
        if (mailbox_locate(mb, entry))
            return 0;
    }
    return err_set(e, ERR_BUSY, "message %u is renamed by another program all the time", entry->mail.uid);
}

/* Take the messages without a file (name NULL) off the list. */
static void drop_removed(struct mailbox *mb)
{
    size_t left = 0;
    for (size_t i = 0; i < mb->n; i++) {
        if (mb->entries[i].mail.name) {
            mb->entries[left++] = mb->entries[i];
            continue;
        }
        free(mb->entries[i].mail.base);
    }
    mb->n = left;
}

int mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool force, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    int64_t octets = 0, messages = 0;
    int r = 0;
    if (mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_lock(mb, &lock, true, e))
        return -1;
    mb->sequence++;
    for (size_t i = 0; i < n && r >= 0; i++) {
        struct entry *entry = mailbox_entry(mb, uids[i]);
        maildir_lock_refresh(&lock);
        if (!entry || (!force && !(entry->mail.flags & MAIL_DELETED)))
            continue;
        r = remove_one(mb, entry, &octets, e);
        messages += r > 0;
        if (r >= 0)
            free(TAKE_PTR(entry->mail.name));
    }
    drop_removed(mb);
    mb->scanned = false;
    if (messages && (fs_sync_dir(mb->folder.cur_fd) || fs_sync_dir(mb->folder.new_fd)) && r >= 0)
        r = err_errno(e, errno, "syncing the folder");
    quota_add(mb->store, -octets, -messages);
    return r < 0 ? -1 : 0;
}
