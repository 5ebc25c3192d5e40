/*
 * local_forward.c - see local_forward.h. A file that others may write could send the user's mail to them: it does not count.
 * One in which nothing can be used leaves the mail in INBOX.
 */
#include "relay/local_forward.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static void complain(void *arg, size_t line, const char *text)
{
    const struct forward_owner *owner = arg;
    log_warn("%s: %s/.forward:%zu: %s", owner->user, owner->home, line, text);
}

static bool believed(const struct forward_owner *owner, const struct stat *st)
{
    const char *wrong = NULL;
    if (!S_ISREG(st->st_mode) || st->st_size > FORWARD_FILE_MAX)
        wrong = "it is no file, or longer than 64 KB";
    else if (st->st_mode & (S_IWGRP | S_IWOTH))
        wrong = "others may write it (chmod go-w)";
    else if (st->st_uid != geteuid() && st->st_uid != 0)
        wrong = "it belongs to somebody else";
    if (wrong)
        log_warn("%s: %s/.forward does not count: %s", owner->user, owner->home, wrong);
    return !wrong;
}

int local_forward_read(struct forward *f, const struct forward_owner *owner, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096), text = STRBUF_INIT(FORWARD_FILE_MAX);
    struct stat st;
    strbuf_addf(&path, "%s/.forward", owner->home);
    AUTO_CLOSE int fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0 || fstat(fd, &st))
        return err_errno(e, errno, "%s", path.data);
    if (!believed(owner, &st) || !st.st_size)
        return 0;
    char *room = strbuf_room(&text, (size_t)st.st_size);
    ssize_t n = fs_pread_all(fd, room, (size_t)st.st_size, 0);
    if (n < 0)
        return err_errno(e, errno, "%s", path.data);
    strbuf_extend(&text, (size_t)n);
    forward_parse(f, strbuf_bytes(&text), owner, complain, (void *)owner);
    if (f->naddresses + f->nfolders)
        return 1;
    forward_done(f);
    return 0;
}
