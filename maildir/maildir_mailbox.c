/*
 * maildir_mailbox.c - an open mailbox: its life, its list, when it must be looked at again.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#define LOCATE_ROUNDS 10

static bool before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static bool unchanged_dir(int fd, const struct timespec *mtime, const struct timespec *scanned_at)
{
    struct stat st;
    struct timespec settled = {.tv_sec = scanned_at->tv_sec - 1, .tv_nsec = scanned_at->tv_nsec};
    return !fstat(fd, &st) && st.st_mtim.tv_sec == mtime->tv_sec && st.st_mtim.tv_nsec == mtime->tv_nsec &&
           before(&st.st_mtim, &settled);
}

static bool unchanged(const struct mailbox *mb)
{
    return mb->scanned && unchanged_dir(mb->folder.new_fd, &mb->new_mtime, &mb->scanned_at) &&
           unchanged_dir(mb->folder.cur_fd, &mb->cur_mtime, &mb->scanned_at);
}

/* Another writer may have rewritten these without touching new/ or cur/ (Dovecot raises N so): what stands in
 * them now counts before anything is added. */
static bool unchanged_state(struct mailbox *mb)
{
    struct err ignored; /* the scan that follows meets it again */
    bool keywords, uidlist;
    return !keywords_read(&mb->keywords, mb->folder.fd, &keywords, &ignored) &&
           !uidlist_read(&mb->uidlist, mb->folder.fd, &uidlist, &ignored) && !keywords && !uidlist;
}

int mailbox_lock(struct mailbox *mb, struct maildir_lock *lock, bool may_lack_dotlock, struct err *e)
{
    if (maildir_lock_take(lock, mb->folder.fd, MAILDIR_UIDLIST_LOCK, may_lack_dotlock, e))
        return -1;
    if ((unchanged(mb) && unchanged_state(mb)) || !mailbox_scan(mb, lock, e))
        return 0;
    if (may_lack_dotlock && e->code != ERR_CORRUPT && !mailbox_scan(mb, NULL, e))
        return 0;
    maildir_lock_release(lock);
    return -1;
}

/* Without the lock, known messages are still served. */
int mailbox_refresh(struct mailbox *mb, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    if (unchanged(mb))
        return 0;
    if (!mailbox_lock(mb, &lock, false, e))
        return 0;
    if (e->code == ERR_CORRUPT || e->code == ERR_BUSY)
        return -1;
    return mailbox_scan(mb, NULL, e);
}

static bool has_files(int dir_fd)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));)
        if (maildir_name_is_message(d->d_name))
            return true;
    return false;
}

/* An unreadable uidlist in a folder that has mail is an operator's matter; in an empty one it is set aside.
 */
static int open_state(struct mailbox *mb, struct err *e)
{
    if (!mailbox_refresh(mb, e))
        return mb->uidlist.validity
                   ? 0
                   : err_set(e, ERR_SPACE,
                             "folder \"%s\" has no UIDs yet, and they cannot be written (disk full "
                             "or not permitted)",
                             mb->name);
    if (e->code != ERR_CORRUPT)
        return -1;
    if (has_files(mb->folder.new_fd) || has_files(mb->folder.cur_fd))
        return err_prefix(
            e, "folder \"%s\" (repair or remove the file by hand; without it all messages get new UIDs)",
            mb->name);
    renameat(mb->folder.fd, "dovecot-uidlist", mb->folder.fd, "dovecot-uidlist.broken");
    uidlist_done(&mb->uidlist);
    return mailbox_refresh(mb, e);
}

int mailbox_open(struct mailbox **result, struct mail_store *store, const char *name, bool read_only,
                 struct err *e)
{
    struct mailbox *mb = xcalloc(1, sizeof *mb);
    *mb = (struct mailbox){.store = store, .read_only = read_only, .folder = FOLDER_INIT};
    uidlist_init(&mb->uidlist);
    mb->name = xstrdup(strcasecmp(name, "INBOX") ? name : "INBOX");
    if (folder_open(&mb->folder, store, name, e) || open_state(mb, e)) {
        mailbox_close(mb);
        return -1;
    }
    *result = mb;
    return 0;
}

void mailbox_close(struct mailbox *mb)
{
    if (!mb)
        return;
    for (size_t i = 0; i < mb->n; i++) {
        free(mb->entries[i].mail.base);
        free(mb->entries[i].mail.name);
    }
    free(mb->entries);
    uidlist_done(&mb->uidlist);
    keywords_done(&mb->keywords);
    folder_close(&mb->folder);
    free(mb->name);
    free(mb);
}

const char *mailbox_name(const struct mailbox *mb)
{
    return mb->name;
}

bool mailbox_read_only(const struct mailbox *mb)
{
    return mb->read_only;
}

uint32_t mailbox_uidvalidity(const struct mailbox *mb)
{
    return mb->uidlist.validity;
}

uint32_t mailbox_uidnext(const struct mailbox *mb)
{
    return mb->uidlist.next;
}

uint64_t mailbox_sequence(const struct mailbox *mb)
{
    return mb->sequence;
}

size_t mailbox_count(const struct mailbox *mb)
{
    return mb->n;
}

const struct mail *mailbox_at(const struct mailbox *mb, size_t index)
{
    return &mb->entries[index].mail;
}

struct entry *mailbox_entry(struct mailbox *mb, uint32_t uid)
{
    size_t low = 0, high = mb->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (mb->entries[mid].mail.uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < mb->n && mb->entries[low].mail.uid == uid ? &mb->entries[low] : NULL;
}

const struct mail *mailbox_find(const struct mailbox *mb, uint32_t uid)
{
    const struct entry *entry = mailbox_entry((struct mailbox *)mb, uid);
    return entry ? &entry->mail : NULL;
}

const char *mailbox_keyword(const struct mailbox *mb, unsigned n)
{
    return n < MAIL_KEYWORDS_MAX ? mb->keywords.names[n] : NULL;
}

void mailbox_dirs(const struct mailbox *mb, int *new_fd, int *cur_fd)
{
    *new_fd = mb->folder.new_fd;
    *cur_fd = mb->folder.cur_fd;
}
