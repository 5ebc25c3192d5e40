/*
 * maildir_write.c - a message on its way into tmp/: written with LF line ends, counted, synced.
 *
 *   S1 tmp/NAME being written        a crash here: rubbish in tmp/, removed after 36 hours by whoever cleans
 *   S2 written, mtime set, synced    the content is durable, the message does not exist yet
 * What makes it exist (a rename into new/ or cur/, and the sync of that directory) stands in
 * maildir_deliver.c and maildir_append.c.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define BUFFER 65536

int writer_open(struct writer *w, int tmp_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(MAILDIR_NAME_MAX);
    *w = (struct writer){.tmp_fd = tmp_fd, .fd = -1};
    maildir_name_new(&name);
    w->fd = openat(tmp_fd, name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (w->fd < 0)
        return err_errno(e, errno, "cannot write into tmp/");
    w->tmp_name = strbuf_detach(&name);
    w->buffer = xrealloc(NULL, BUFFER, 1);
    return 0;
}

static int flush(struct writer *w, struct err *e)
{
    if (w->used && fs_write_all(w->fd, w->buffer, w->used))
        return err_errno(e, errno, "writing the message");
    w->size += w->used;
    w->used = 0;
    return 0;
}

static int put(struct writer *w, const char *p, size_t n, struct err *e)
{
    w->virtual_size += n;
    while (n) {
        size_t room = BUFFER - w->used, part = n < room ? n : room;
        memcpy(w->buffer + w->used, p, part);
        w->used += part;
        p += part;
        n -= part;
        if (w->used == BUFFER && flush(w, e))
            return -1;
    }
    return 0;
}

/* A CR is held back until it is known whether an LF follows. */
int writer_write(struct writer *w, const void *data, size_t n, struct err *e)
{
    const char *p = data, *end = p + n;
    while (p < end) {
        if (w->after_cr && *p != '\n' && put(w, "\r", 1, e))
            return -1;
        w->after_cr = false;
        const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf : end;
        bool cr = stop > p && stop[-1] == '\r';
        if (put(w, p, (size_t)(stop - p) - cr, e))
            return -1;
        if (lf) {
            w->virtual_size++; /* for the CR */
            if (put(w, "\n", 1, e))
                return -1;
        } else {
            w->after_cr = cr;
        }
        p = lf ? lf + 1 : end;
    }
    return 0;
}

int writer_finish(struct writer *w, time_t date, struct err *e)
{
    struct timespec times[2] = {{.tv_sec = date}, {.tv_sec = date}};
    if ((w->after_cr && put(w, "\r", 1, e)) || flush(w, e))
        return -1;
    w->after_cr = false;
    free(TAKE_PTR(w->buffer));
    if (date && futimens(w->fd, times))
        return err_errno(e, errno, "setting the date of the message");
    return 0;
}

int writer_sync(struct writer *const *writers, size_t n, struct err *e)
{
    int r = 0;
    AUTO_FREE int *fds = xcalloc(n + 1, sizeof *fds);
    for (size_t i = 0; i < n; i++)
        fds[i] = writers[i]->fd;
    if (fs_sync_files(fds, n))
        r = err_errno(e, errno, "syncing the message");
    for (size_t i = 0; i < n; i++) {
        int fd = TAKE_FD(writers[i]->fd);
        if (close(fd) && !r)
            r = err_errno(e, errno, "closing the message");
    }
    return r;
}

int writer_close(struct writer *w, time_t date, struct err *e)
{
    return writer_finish(w, date, e) || writer_sync(&w, 1, e) ? -1 : 0;
}

void writer_abort(struct writer *w)
{
    cleanup_close(&w->fd);
    w->fd = -1;
    if (w->tmp_name)
        unlinkat(w->tmp_fd, w->tmp_name, 0);
    free(TAKE_PTR(w->tmp_name));
    free(TAKE_PTR(w->buffer));
}

void writer_add_sizes(struct strbuf *name, const struct writer *w)
{
    strbuf_addf(name, ",S=%llu,W=%llu", (unsigned long long)w->size, (unsigned long long)w->virtual_size);
}
