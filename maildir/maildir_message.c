/*
 * maildir_message.c - opening a message's file over renames by others, and what its file says about it.
 *
 * Never blocks: O_NONBLOCK keeps a FIFO from it, O_NOFOLLOW a symbolic link, and only regular files are
 * served. A wrong `,S=` or
 * `,W=` is not believed and not repaired: renaming would change the message's identity.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define ROUNDS 10
#define BLOCK  65536

int mailbox_dir_of(const struct mailbox *mb, const struct entry *entry)
{
    return entry->mail.in_new ? mb->folder.new_fd : mb->folder.cur_fd;
}

static bool locate_in(int dir_fd, bool in_new, struct entry *entry)
{
    size_t n = strlen(entry->mail.base);
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));) {
        if (strncmp(d->d_name, entry->mail.base, n) || (d->d_name[n] && d->d_name[n] != ':'))
            continue;
        free(entry->mail.name);
        entry->mail.name = xstrdup(d->d_name);
        entry->mail.in_new = in_new;
        return true;
    }
    return false;
}

int mailbox_locate(struct mailbox *mb, struct entry *entry)
{
    for (int twice = 0; twice < 2; twice++) /* readdir may miss a file that is renamed meanwhile */
        if (locate_in(mb->folder.cur_fd, false, entry) || locate_in(mb->folder.new_fd, true, entry))
            return 0;
    return -1;
}

static int open_entry(struct mailbox *mb, struct entry *entry, struct stat *st, struct err *e)
{
    for (int round = 0; round < ROUNDS; round++) {
        AUTO_CLOSE int fd = openat(mailbox_dir_of(mb, entry), entry->mail.name,
                                   O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && fstat(fd, st))
            return err_errno(e, errno, "message %u", entry->mail.uid);
        if (fd >= 0 && !S_ISREG(st->st_mode))
            return err_set(e, ERR_CORRUPT, "message %u (%s) is not a regular file", entry->mail.uid,
                           entry->mail.name);
        if (fd >= 0)
            return TAKE_FD(fd);
        if (errno != ENOENT)
            return err_errno(e, errno, "message %u (%s)", entry->mail.uid, entry->mail.name);
        if (mailbox_locate(mb, entry))
            break;
    }
    mb->scanned = false;
    return err_set(e, ERR_NOTFOUND, "message %u is gone", entry->mail.uid);
}

int mailbox_message_open(struct mailbox *mb, uint32_t uid, struct err *e)
{
    struct stat st;
    struct entry *entry = mailbox_entry(mb, uid);
    return entry ? open_entry(mb, entry, &st, e) : err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
}

/* Octets that LF line ends lack to CRLF. */
static int count_missing_cr(int fd, uint64_t *missing, struct err *e)
{
    AUTO_FREE char *block = xrealloc(NULL, BLOCK, 1);
    off_t at = 0;
    char last = '\0';
    *missing = 0;
    for (ssize_t n; (n = fs_pread_all(fd, block, BLOCK, at)) != 0; at += n) {
        if (n < 0)
            return err_errno(e, errno, "reading the message");
        const char *end = block + n;
        for (const char *p = block; (p = memchr(p, '\n', (size_t)(end - p))); p++)
            *missing += (p > block ? p[-1] : last) != '\r';
        last = end[-1];
    }
    return 0;
}

int mailbox_entry_info(struct mailbox *mb, struct entry *entry, struct err *e)
{
    struct stat st;
    uint64_t named, missing, virtual_size;
    struct bytes name = bytes_of(entry->mail.base);
    if (entry->has_info)
        return 0;
    AUTO_CLOSE int fd = open_entry(mb, entry, &st, e);
    if (fd < 0)
        return -1;
    entry->info = (struct mail_info){.size = (uint64_t)st.st_size, .internal_date = st.st_mtime};
    bool hinted = maildir_name_size(name, 'S', &named) && named == entry->info.size &&
                  maildir_name_size(name, 'W', &virtual_size) && virtual_size >= named;
    if (!hinted) {
        if (count_missing_cr(fd, &missing, e))
            return -1;
        virtual_size = entry->info.size + missing;
    }
    entry->info.virtual_size = virtual_size;
    entry->has_info = true;
    return 0;
}

int mailbox_message_info(struct mailbox *mb, uint32_t uid, struct mail_info *info, struct err *e)
{
    struct entry *entry = mailbox_entry(mb, uid);
    if (!entry)
        return err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
    if (mailbox_entry_info(mb, entry, e))
        return -1;
    *info = entry->info;
    return 0;
}

const char *mailbox_pop3_uidl(const struct mailbox *mb, uint32_t uid)
{
    static char text[512]; /* one at a time: the caller copies */
    struct bytes value;
    const struct uidlist_entry *line = uidlist_find(&mb->uidlist, uid);
    if (!line || !uidlist_field(line, 'P', &value))
        return NULL;
    if (!value.n)
        return line->base;
    if (value.n >= sizeof text)
        return NULL;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    return text;
}

uint32_t mailbox_pop3_order(const struct mailbox *mb, uint32_t uid)
{
    struct bytes value;
    uint64_t order;
    const struct uidlist_entry *line = uidlist_find(&mb->uidlist, uid);
    if (!line || !uidlist_field(line, 'O', &value) || !bytes_to_u64(value, UINT32_MAX, &order))
        return 0;
    return (uint32_t)order;
}
