/*
 * io.c - the stream of io.h. io_pump.c moves bytes after a login.
 *
 * With TLS there are two layers of buffers: GnuTLS pulls from wire_in and pushes into wire_out, and only
 * those two touch the socket, 64 KB at a time. GnuTLS's own push never fails therefore, so a record is never
 * half sent. Empty buffers are given back: an idle connection costs its GnuTLS session and this struct.
 */
#include "base/io.h"

#include "base/fs.h"
#include "base/io_internal.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HIGH_WATER 65536 /* of output, above which no input is read */
#define LINGER_MS  2000  /* after the last output: wait for the peer to have read it */
#define FINISH_MS  5000

/* ---- buffers ---- */

struct bytes io_buffer_bytes(const struct io_buffer *b)
{
    return (struct bytes){b->sb.data + b->used, b->sb.len - b->used};
}

void io_buffer_consume(struct io_buffer *b, size_t n)
{
    b->used += n;
    if (b->used >= b->sb.len) {
        strbuf_done(&b->sb);
        b->used = 0;
    } else if (b->used > b->sb.len / 2) {
        strbuf_consume(&b->sb, b->used);
        b->used = 0;
    }
}

static size_t buffer_room(const struct io_buffer *b)
{
    size_t pending = b->sb.len - b->used;
    return pending >= b->sb.max ? 0 : b->sb.max - pending;
}

/* Where up to want bytes can be written, or NULL if the buffer is full. */
static char *buffer_space(struct io_buffer *b, size_t *want)
{
    size_t room = buffer_room(b);
    if (*want > room)
        *want = room;
    if (!room)
        return NULL;
    if (b->sb.len + *want > b->sb.max) {
        strbuf_consume(&b->sb, b->used);
        b->used = 0;
    }
    return strbuf_room(&b->sb, *want);
}

static void io_fail(struct io *io, const char *what, const char *why)
{
    if (!io->failed)
        snprintf(io->error, sizeof io->error, "%s: %s", what, why);
    io->failed = true;
}

/* ---- the socket ---- */

/* 1 read something, 0 nothing there, -1 end (*eof) or error. */
static int read_socket(struct io *io, struct io_buffer *b, bool *eof)
{
    size_t want = IO_WIRE;
    char *p = buffer_space(b, &want);
    if (!p)
        return 0;
    ssize_t n = recv(io->watch.fd, p, want, 0);
    if (n > 0) {
        strbuf_extend(&b->sb, (size_t)n);
        return 1;
    }
    io_buffer_consume(b, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    *eof = true;
    if (n < 0)
        io_fail(io, "read", strerror(errno));
    return -1;
}

static void write_socket(struct io *io, struct io_buffer *b)
{
    struct bytes out;
    while (!io->failed && (out = io_buffer_bytes(b)).n) {
        ssize_t n = send(io->watch.fd, out.p, out.n, MSG_NOSIGNAL);
        if (n >= 0)
            io_buffer_consume(b, (size_t)n);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            io_fail(io, "write", strerror(errno));
    }
}

/* ---- TLS on top ---- */

static ssize_t tls_push(gnutls_transport_ptr_t ptr, const void *p, size_t n)
{
    struct io *io = ptr;
    if (strbuf_add(&io->wire_out.sb, p, n))
        return (ssize_t)n;
    gnutls_transport_set_errno(io->tls, ENOBUFS);
    return -1;
}

static ssize_t tls_pull(gnutls_transport_ptr_t ptr, void *p, size_t n)
{
    struct io *io = ptr;
    if (!io_buffer_bytes(&io->wire_in).n && !io->wire_eof)
        read_socket(io, &io->wire_in, &io->wire_eof);
    struct bytes have = io_buffer_bytes(&io->wire_in);
    if (have.n) {
        if (n > have.n)
            n = have.n;
        memcpy(p, have.p, n);
        io_buffer_consume(&io->wire_in, n);
        return (ssize_t)n;
    }
    if (io->wire_eof)
        return 0;
    gnutls_transport_set_errno(io->tls, EAGAIN);
    return -1;
}

static int tls_pull_timeout(gnutls_transport_ptr_t ptr, unsigned int ms)
{
    (void)ptr;
    (void)ms;
    return 1;
}

static void tls_begin(struct io *io)
{
    io_buffer_consume(&io->in, io_buffer_bytes(&io->in).n);
    io->fresh = false;
    io->tls = tls_session_new(io->tls_wanted, io->watch.fd, NULL);
    tls_context_unref(io->tls_wanted);
    io->tls_wanted = NULL;
    if (!io->tls) {
        io_fail(io, "TLS", "no session could be made");
        return;
    }
    gnutls_transport_set_ptr(io->tls, io);
    gnutls_transport_set_push_function(io->tls, tls_push);
    gnutls_transport_set_pull_function(io->tls, tls_pull);
    gnutls_transport_set_pull_timeout_function(io->tls, tls_pull_timeout);
    io->handshaking = true;
}

static void tls_handshake(struct io *io)
{
    int r;
    do
        r = gnutls_handshake(io->tls);
    while (r < 0 && r != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(r));
    if (r < 0 && r != GNUTLS_E_AGAIN) {
        gnutls_alert_send_appropriate(io->tls, r);
        write_socket(io, &io->wire_out);
        io_fail(io, "TLS handshake", gnutls_strerror(r));
        return;
    }
    write_socket(io, &io->wire_out);
    if (r < 0)
        return;
    io->handshaking = false;
    io->secure = true;
}

static int tls_fill(struct io *io)
{
    size_t want = 16384;
    char *p = buffer_space(&io->in, &want);
    if (!p)
        return 0;
    ssize_t n;
    do
        n = gnutls_record_recv(io->tls, p, want);
    while (n == GNUTLS_E_INTERRUPTED);
    if (n > 0) {
        strbuf_extend(&io->in.sb, (size_t)n);
        return 1;
    }
    io_buffer_consume(&io->in, 0);
    if (n == GNUTLS_E_AGAIN)
        return 0;
    io->eof = true;
    if (n < 0 && n != GNUTLS_E_PREMATURE_TERMINATION)
        io_fail(io, "TLS", gnutls_strerror((int)n));
    return -1;
}

int io_fill(struct io *io)
{
    if (io->eof || io->failed)
        return -1;
    int r = io->tls ? tls_fill(io) : read_socket(io, &io->in, &io->eof);
    if (r > 0)
        io->fresh = true;
    return r;
}

void io_flush(struct io *io)
{
    if (!io->secure) {
        if (!io->handshaking)
            write_socket(io, &io->out);
        else
            write_socket(io, &io->wire_out);
        return;
    }
    for (;;) {
        struct bytes out = io_buffer_bytes(&io->out);
        while (out.n && io_buffer_bytes(&io->wire_out).n < IO_WIRE) {
            ssize_t n = gnutls_record_send(io->tls, out.p, out.n);
            if (n <= 0) {
                io_fail(io, "TLS", gnutls_strerror((int)n));
                return;
            }
            io_buffer_consume(&io->out, (size_t)n);
            out = io_buffer_bytes(&io->out);
        }
        write_socket(io, &io->wire_out);
        if (io->failed || io_buffer_bytes(&io->wire_out).n || !io_buffer_bytes(&io->out).n)
            return;
    }
}

size_t io_output_pending(const struct io *io)
{
    return io_buffer_bytes(&io->out).n + io_buffer_bytes(&io->wire_out).n;
}

/* ---- events ---- */

static bool wants_input(const struct io *io)
{
    if (io->eof || io->failed)
        return false;
    if (io->finishing || io->handshaking)
        return true;
    return !io->paused && !io->tls_wanted && buffer_room(&io->in) && io_output_pending(io) < HIGH_WATER;
}

/* Bytes that epoll does not know of: in GnuTLS or in wire_in. */
static bool hidden_input(const struct io *io)
{
    return io->tls && (io_buffer_bytes(&io->wire_in).n || gnutls_record_check_pending(io->tls));
}

void io_interest(struct io *io)
{
    io_buffer_consume(&io->in, 0);
    uint32_t events = (wants_input(io) ? EPOLLIN : 0) | (io_output_pending(io) ? EPOLLOUT : 0);
    loop_rewatch(io->loop, &io->watch, events);
    bool unreported = io->fresh && !io->paused && !io->finishing && !io->tls_wanted && !io->pump;
    if (unreported || (wants_input(io) && hidden_input(io) && !io->handshaking))
        timer_set(io->loop, &io->kick, 0);
}

/* Tell the owner. False if it has freed the stream. */
static bool tell(struct io *io, enum io_event event)
{
    bool freed = false;
    io->freed = &freed;
    io->fn(io, event, io->arg);
    if (freed)
        return false;
    io->freed = NULL;
    return true;
}

/* Send the rest, say goodbye once, then wait a moment until the peer has read it: closing with unread input
 * would take our last words away from it. */
static void finish_step(struct io *io)
{
    io_flush(io);
    for (int i = 0; i < 16 && io_fill(io) > 0; i++)
        io_buffer_consume(&io->in, io_buffer_bytes(&io->in).n);
    if (!io_output_pending(io) && !io->wrote && !io->failed) {
        io->wrote = true;
        if (io->secure)
            gnutls_bye(io->tls, GNUTLS_SHUT_WR);
        write_socket(io, &io->wire_out);
        shutdown(io->watch.fd, SHUT_WR);
        timer_set(io->loop, &io->deadline, LINGER_MS);
    }
    if (io->failed || (io->eof && !io_output_pending(io)))
        io_free(io);
    else
        io_interest(io);
}

/* What has happened, in the order of its making. False if the owner has freed the stream. */
static bool report(struct io *io, bool was_secure, bool was_eof)
{
    if (io->secure && !was_secure && !tell(io, IO_SECURED))
        return false;
    if (!io->finishing && io->fresh && !io->paused && !io->tls_wanted) {
        io->fresh = false;
        if (!tell(io, IO_INPUT))
            return false;
    }
    if (!io->finishing && !io->failed)
        io_flush(io);
    if (!io->finishing && !io->failed && io->wrote && !io_output_pending(io)) {
        io->wrote = false;
        if (!tell(io, IO_DRAINED))
            return false;
    }
    if (!io->finishing && !io->failed && io->eof && !was_eof && !io->pump && !tell(io, IO_EOF))
        return false;
    if (!io->finishing && io->failed) {
        loop_unwatch(io->loop, &io->watch);
        return tell(io, IO_ERROR);
    }
    return true;
}

static void step(struct io *io)
{
    bool was_secure = io->secure, was_eof = io->eof;
    io->busy++;
    io_flush(io);
    if (io->tls_wanted && !io_output_pending(io))
        tls_begin(io);
    if (io->handshaking && !io->failed)
        tls_handshake(io);
    if (!io->handshaking && wants_input(io))
        io_fill(io);
    if (!report(io, was_secure, was_eof))
        return;
    io->busy--;
    if (io->tls_wanted && !io_output_pending(io))
        timer_set(io->loop, &io->kick, 0);
    io_interest(io);
}

static void advance(struct io *io)
{
    if (io->pump)
        io_pump_run(io);
    else if (io->finishing)
        finish_step(io);
    else
        step(io);
}

static void on_watch(void *arg, uint32_t events)
{
    struct io *io = arg;
    if ((events & (EPOLLHUP | EPOLLERR)) && !io->watch.events) {
        /* epoll reports these unasked: a paused stream would spin */
        io_fail(io, "connection", "closed by the peer");
    }
    advance(io);
}

static void on_kick(void *arg)
{
    advance(arg);
}

static void on_deadline(void *arg)
{
    struct io *io = arg;
    if (io->finishing)
        io_free(io);
    else if (tell(io, IO_TIMEOUT))
        io_interest(io);
}

/* ---- the menu ---- */

struct io *io_new(struct loop *loop, int fd, size_t in_cap, size_t out_cap, io_fn *fn, void *arg)
{
    struct io *io = xcalloc(1, sizeof *io);
    *io = (struct io){.loop = loop, .fn = fn, .arg = arg};
    strbuf_init(&io->in.sb, in_cap);
    strbuf_init(&io->out.sb, out_cap);
    strbuf_init(&io->wire_in.sb, IO_WIRE);
    strbuf_init(&io->wire_out.sb, 4 * IO_WIRE);
    timer_init(&io->deadline, on_deadline, io);
    timer_init(&io->kick, on_kick, io);
    fs_set_nonblock(fd, true);
    loop_watch(loop, &io->watch, fd, EPOLLIN, on_watch, io);
    return io;
}

static void io_release(struct io *io)
{
    if (io->freed)
        *io->freed = true;
    io_pump_free(io);
    timer_stop(io->loop, &io->deadline);
    timer_stop(io->loop, &io->kick);
    loop_unwatch(io->loop, &io->watch);
    tls_session_free(io->tls);
    tls_context_unref(io->tls_wanted);
    strbuf_done_secret(&io->in.sb);
    strbuf_done(&io->out.sb);
    strbuf_done(&io->wire_in.sb);
    strbuf_done(&io->wire_out.sb);
    free(io);
}

void io_free(struct io *io)
{
    if (!io)
        return;
    int fd = io->watch.fd;
    io_release(io);
    close(fd);
}

int io_detach(struct io *io)
{
    int fd = io->watch.fd;
    io_flush(io);
    io_release(io);
    return fd;
}

struct bytes io_input(const struct io *io)
{
    return io_buffer_bytes(&io->in);
}

void io_consume(struct io *io, size_t n)
{
    io_buffer_consume(&io->in, n);
    if (!io->busy)
        io_interest(io);
}

/* Where the line ends that starts at b: the position of its LF, or b.n. */
static int find_line(struct bytes b, size_t max, bool bare_lf_ok, size_t *text, size_t *whole)
{
    size_t lf = bytes_index(b, '\n');
    if (lf == b.n)
        return b.n > max + 1 ? -1 : 0;
    bool cr = lf > 0 && b.p[lf - 1] == '\r';
    *text = lf - cr;
    *whole = lf + 1;
    if (*text > max)
        return -1;
    if ((!cr && !bare_lf_ok) || memchr(b.p, '\r', *text))
        return -2;
    return 1;
}

int io_line(struct io *io, size_t max, bool bare_lf_ok, struct bytes *line)
{
    size_t text = 0, whole = 0;
    struct bytes in = io_input(io);
    int r = find_line(in, max, bare_lf_ok, &text, &whole);
    if (r <= 0)
        return r;
    *line = bytes_from(in.p, text);
    io->in.used += whole; /* not io_consume: the bytes must stay until the next call */
    if (!io->busy)
        timer_set(io->loop, &io->kick, 0);
    return 1;
}

static void queued(struct io *io)
{
    if (io->out.sb.overflow)
        io_fail(io, "write", "the peer does not read");
    if (!io->finishing)
        io->wrote = true;
    if (!io->busy)
        timer_set(io->loop, &io->kick, 0);
}

/* What was sent already must not count against the cap. */
static void make_room(struct io *io)
{
    strbuf_consume(&io->out.sb, io->out.used);
    io->out.used = 0;
}

void io_write(struct io *io, const void *p, size_t n)
{
    if (io->finishing || io->failed)
        return;
    make_room(io);
    strbuf_add(&io->out.sb, p, n);
    queued(io);
}

void io_printf(struct io *io, const char *fmt, ...)
{
    if (io->finishing || io->failed)
        return;
    make_room(io);
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&io->out.sb, fmt, ap);
    va_end(ap);
    queued(io);
}

void io_finish(struct io *io)
{
    io->finishing = true;
    io->wrote = false;
    io->fn = NULL;
    io->eof = io->eof || io->wire_eof;
    if (io->tls_wanted) {
        tls_context_unref(io->tls_wanted);
        io->tls_wanted = NULL;
    }
    timer_set(io->loop, &io->deadline, FINISH_MS);
    timer_set(io->loop, &io->kick, 0);
}

void io_pause(struct io *io)
{
    io->paused = true;
    if (!io->busy)
        io_interest(io);
}

void io_resume(struct io *io)
{
    io->paused = false;
    if (io_input(io).n)
        io->fresh = true;
    if (!io->busy)
        io_interest(io);
    else if (io->fresh)
        timer_set(io->loop, &io->kick, 0);
}

void io_deadline(struct io *io, uint64_t ms)
{
    if (io->finishing)
        return;
    if (ms)
        timer_set(io->loop, &io->deadline, ms);
    else
        timer_stop(io->loop, &io->deadline);
}

void io_start_tls(struct io *io, struct tls_context *ctx)
{
    io->tls_wanted = tls_context_ref(ctx);
    timer_set(io->loop, &io->kick, 0);
}

gnutls_session_t io_tls(const struct io *io)
{
    return io->tls;
}

bool io_secure(const struct io *io)
{
    return io->secure;
}

int io_fd(const struct io *io)
{
    return io->watch.fd;
}

const char *io_error(const struct io *io)
{
    return io->error;
}
