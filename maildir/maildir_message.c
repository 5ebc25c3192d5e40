/*
 * maildir_message.c - one message's file: finding it over renames by others, opening it, its sizes.
 *
 * Between a look at the folder and the use of a file anybody may have renamed it: whoever meets ENOENT reads the
 * directories for its base. Sizes in names are hints that may lie: what is served is what the file holds.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define ROUNDS 10
#define BLOCK  65536

struct place {
    int dir_fd;
    struct strbuf name;
};

/* Read a directory for the base; the name it has now. */
static bool find_in(int dir_fd, struct bytes base, struct strbuf *name)
{
    AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));) {
        if (!maildir_name_is_message(d->d_name) || !bytes_eq(maildir_name_base(bytes_of(d->d_name)), base))
            continue;
        strbuf_clear(name);
        strbuf_adds(name, d->d_name);
        return true;
    }
    return false;
}

static bool find_again(const struct mailbox *mb, struct bytes base, struct place *place)
{
    const int dirs[] = {mb->folder.cur_fd, mb->folder.new_fd};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        if (find_in(dirs[i], base, &place->name)) {
            place->dir_fd = dirs[i];
            return true;
        }
    }
    return false;
}

int mailbox_with_file(struct mailbox *mb, uint32_t uid, int (*f)(void *arg, int dir_fd, const char *name),
                      void *arg, struct err *e)
{
    struct index_mail mail;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(2 * MAILDIR_NAME_MAX), base = STRBUF_INIT(MAILDIR_NAME_MAX);
    struct place place = {.name = name};
    if (!mailbox_record(mb, uid, &mail))
        return err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
    index_mail_name(&mail, &place.name);
    strbuf_addb(&base, mail.base);
    place.dir_fd = mail.in_new ? mb->folder.new_fd : mb->folder.cur_fd;
    int r = f(arg, place.dir_fd, place.name.data);
    for (int round = 0; r && errno == ENOENT && round < ROUNDS; round++) {
        if (!find_again(mb, strbuf_bytes(&base), &place)) {
            name = place.name;
            return err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
        }
        r = f(arg, place.dir_fd, place.name.data);
    }
    int saved = errno;
    name = place.name;
    if (r && saved == ENOENT)
        return err_set(e, ERR_BUSY, "message %u is renamed by another program all the time", uid);
    if (r)
        err_errno(e, saved, "message %u (%s)", uid, place.name.data);
    errno = saved;
    return r;
}

/* ---- opening ---- */

struct opened {
    int fd;
    struct stat st;
};

static int open_file(void *arg, int dir_fd, const char *name)
{
    struct opened *o = arg;
    o->fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return o->fd < 0 || fstat(o->fd, &o->st) ? -1 : 0;
}

static void correct_info(struct mailbox *mb, uint32_t uid, const struct opened *o);

int mailbox_message_open_stat(struct mailbox *mb, uint32_t uid, struct stat *st, struct err *e)
{
    struct opened o = {.fd = -1};
    if (mailbox_with_file(mb, uid, open_file, &o, e)) {
        cleanup_close(&o.fd);
        return -1;
    }
    *st = o.st;
    if (S_ISREG(o.st.st_mode)) {
        correct_info(mb, uid, &o);
        return o.fd;
    }
    close(o.fd);
    return err_set(e, ERR_CORRUPT, "message %u is not a regular file", uid);
}

int mailbox_message_open(struct mailbox *mb, uint32_t uid, struct err *e)
{
    struct stat st;
    return mailbox_message_open_stat(mb, uid, &st, e);
}

/* ---- sizes ---- */

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

int mailbox_info_of(int fd, const struct stat *st, struct bytes name, struct mail_info *info, struct err *e)
{
    uint64_t named, missing, virtual_size;
    *info = (struct mail_info){.size = (uint64_t)st->st_size, .internal_date = st->st_mtime};
    bool hinted = maildir_name_size(name, 'S', &named) && named == info->size &&
                  maildir_name_size(name, 'W', &virtual_size) && virtual_size >= named &&
                  virtual_size <= 2 * named; /* each octet could be an LF */
    if (!hinted) {
        if (count_missing_cr(fd, &missing, e))
            return -1;
        virtual_size = info->size + missing;
    }
    info->virtual_size = virtual_size;
    return 0;
}

/* What the session has found out already, or the index. */
static bool known_info(struct mailbox *mb, uint32_t uid, const struct index_mail *mail,
                       struct mail_info *info)
{
    if (mailbox_text_info(mb, uid, info))
        return true;
    if (mail->has_info)
        *info = (struct mail_info){mail->size, mail->virtual_size, mail->date};
    return mail->has_info;
}

/* Somebody edited the file in place: what is kept of it is forgotten. */
static void correct_info(struct mailbox *mb, uint32_t uid, const struct opened *o)
{
    struct index_mail mail;
    struct mail_info info;
    struct err ignored; /* then it stays as it is */
    if (!mailbox_record(mb, uid, &mail) || !known_info(mb, uid, &mail, &info) ||
        (info.size == (uint64_t)o->st.st_size && info.internal_date == o->st.st_mtime))
        return;
    AUTO_FREE char *base = bytes_dup(mail.base);
    if (!base || mailbox_info_of(o->fd, &o->st, bytes_of(base), &info, &ignored))
        return;
    mailbox_text_put_info(mb, uid, &info);
    mailbox_text_put(mb, uid, BYTES(""), BYTES(""));
}

int mailbox_message_info(struct mailbox *mb, uint32_t uid, struct mail_info *info, struct err *e)
{
    struct index_mail mail;
    struct stat st;
    if (!mailbox_record(mb, uid, &mail))
        return err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
    if (known_info(mb, uid, &mail, info))
        return 0;
    AUTO_FREE char *base = bytes_dup(mail.base);
    AUTO_CLOSE int fd = mailbox_message_open_stat(mb, uid, &st, e);
    if (fd < 0 || !base || mailbox_info_of(fd, &st, bytes_of(base), info, e))
        return -1;
    mailbox_text_put_info(mb, uid, info);
    return 0;
}

void mailbox_message_correct(struct mailbox *mb, uint32_t uid, const struct mail_info *info)
{
    mailbox_text_put_info(mb, uid, info);
}

/* ---- what the uidlist says ---- */

char *mailbox_pop3_uidl(struct mailbox *mb, uint32_t uid)
{
    struct index_mail mail;
    struct bytes value;
    if (!mailbox_record(mb, uid, &mail) || !uidlist_field(mail.fields, 'P', &value))
        return NULL;
    return bytes_dup(value.n ? value : mail.base);
}

bool mailbox_names(struct mailbox *mb, uint32_t uid, struct bytes *base, struct bytes *guid)
{
    struct index_mail mail;
    if (!mailbox_record(mb, uid, &mail))
        return false;
    *base = *guid = mail.base;
    uidlist_field(mail.fields, 'G', guid);
    return true;
}

uint32_t mailbox_pop3_order(struct mailbox *mb, uint32_t uid)
{
    struct index_mail mail;
    struct bytes value;
    uint64_t order;
    if (!mailbox_record(mb, uid, &mail) || !uidlist_field(mail.fields, 'O', &value) ||
        !bytes_to_u64(value, UINT32_MAX, &order))
        return 0;
    return (uint32_t)order;
}
