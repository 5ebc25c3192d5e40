/*
 * message_wire.c - a message file as the wire wants it: each LF without CR before it becomes CRLF.
 *
 * Stands between the Maildir and FETCH, RETR and the relay. The file is read in pieces of WIRE_BUFFER octets;
 * an LF is looked for with memchr and what lies between is copied whole. `after_cr` says that the last octet
 * given out was a CR, be it from the file or made here: so a CR that just fitted is followed by its LF in the
 * next read, and a CRLF of the file stays one.
 */
#include "maildir/message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { WIRE_BUFFER = 64 * 1024 };

void wire_open(struct wire_reader *r, int fd, uint64_t start, uint64_t end)
{
    *r = (struct wire_reader){.fd = fd, .start = start, .end = end < start ? start : end, .file_pos = start};
}

void wire_close(struct wire_reader *r)
{
    free(r->buffer);
    *r = (struct wire_reader){.fd = -1};
}

/* At least one octet in the buffer: 1; 0 at the end, -1 with errno. */
static int wire_fill(struct wire_reader *r)
{
    if (r->used < r->have)
        return 1;
    if (r->file_pos >= r->end)
        return 0;
    if (!r->buffer)
        r->buffer = xcalloc(1, WIRE_BUFFER);
    uint64_t left = r->end - r->file_pos;
    ssize_t got;
    do
        got = pread(r->fd, r->buffer, left < WIRE_BUFFER ? left : WIRE_BUFFER, (off_t)r->file_pos);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        errno = EIO;
    if (got <= 0)
        return -1;
    r->used = 0;
    r->have = (size_t)got;
    return 1;
}

/* Account for n octets of the file given out, and copy them if there is a place for them. */
static void wire_take(struct wire_reader *r, char *to, size_t n)
{
    if (n == 0)
        return;
    if (to)
        memcpy(to, r->buffer + r->used, n);
    r->after_cr = r->buffer[r->used + n - 1] == '\r';
    r->used += n;
    r->file_pos += n;
    r->wire_pos += n;
}

/* Give out up to n > 0 octets from the buffer, which is not empty; to == NULL: only go past them. */
static size_t wire_convert(struct wire_reader *r, char *to, size_t n)
{
    size_t done = 0;
    while (done < n && r->used < r->have) {
        size_t run = r->have - r->used < n - done ? r->have - r->used : n - done;
        const char *from = r->buffer + r->used;
        const char *lf = memchr(from, '\n', run);
        if (lf)
            run = (size_t)(lf - from);
        wire_take(r, to ? to + done : NULL, run);
        done += run;
        if (!lf)
            continue;
        if (!r->after_cr) {
            if (to)
                to[done] = '\r';
            r->after_cr = true;
            r->wire_pos++;
            done++;
        }
        if (done < n) {
            wire_take(r, to ? to + done : NULL, 1);
            done++;
        }
    }
    return done;
}

static int wire_pass(struct wire_reader *r, char *to, size_t n, size_t *done)
{
    for (*done = 0; *done < n;) {
        int filled = wire_fill(r);
        if (filled < 0)
            return -1;
        if (filled == 0)
            return 0;
        *done += wire_convert(r, to ? to + *done : NULL, n - *done);
    }
    return 0;
}

int wire_seek(struct wire_reader *r, uint64_t wire_pos)
{
    if (wire_pos < r->wire_pos) {
        r->file_pos = r->start;
        r->wire_pos = 0;
        r->after_cr = false;
        r->have = r->used = 0;
    }
    while (r->wire_pos < wire_pos) {
        uint64_t left = wire_pos - r->wire_pos;
        size_t want = left < SIZE_MAX ? (size_t)left : SIZE_MAX, done;
        if (wire_pass(r, NULL, want, &done) < 0)
            return -1;
        if (done < want)
            return 0;
    }
    return 0;
}

ssize_t wire_read(struct wire_reader *r, void *p, size_t n)
{
    size_t done;
    if (n > SSIZE_MAX)
        n = SSIZE_MAX;
    if (wire_pass(r, p, n, &done) < 0 && done == 0)
        return -1;
    return (ssize_t)done;
}

void message_add_crlf(struct strbuf *out, struct bytes b)
{
    while (b.n) {
        size_t n = bytes_index(b, '\n');
        bool bare =
            n < b.n && (n == 0 ? out->len == 0 || out->data[out->len - 1] != '\r' : b.p[n - 1] != '\r');
        strbuf_add(out, b.p, n);
        if (n < b.n)
            strbuf_adds(out, bare ? "\r\n" : "\n");
        b = bytes_skip(b, n + 1);
    }
}
