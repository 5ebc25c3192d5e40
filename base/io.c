/*
 * io.c - the stream of io.h: what happens when, and who is told. io_wire.c moves the bytes, io_pump.c takes
 * over after a login.
 */
#include "base/io.h"

#include "base/fs.h"
#include "base/io_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HIGH_WATER 65536 /* of output, above which no input is read */
#define LINGER_MS  2000  /* after the last output: wait for the peer to have read it */
#define FINISH_MS  5000

static unsigned finishing; /* streams in the care of io_finish */

/* ---- events ---- */

static bool wants_input(const struct io *io)
{
    if (io->eof || io->failed)
        return false;
    if (io->finishing || io->handshaking)
        return true;
    return !io->paused && !io->tls_wanted && io_buffer_room(&io->in) && io_output_pending(io) < HIGH_WATER;
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
        io_flush(io);
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
        io_tls_begin(io);
    if (io->handshaking && !io->failed)
        io_tls_handshake(io);
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
    else if (io->pump)
        io_pump_stalled(io);
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
    finishing -= io->finishing;
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
    finishing += !io->finishing;
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

unsigned io_finishing(void)
{
    return finishing;
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

void io_start_tls(struct io *io, struct tls_context *ctx, const char *protocol)
{
    io->protocol = protocol;
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
