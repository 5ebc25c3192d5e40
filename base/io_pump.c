/*
 * io_pump.c - after the login: move bytes between a client's stream and the socket pair of its session.
 *
 * At most one buffer full (64 KB) is under way in each direction; a side that does not read stops the other
 * one. When the client ends its side the session sees the end of its input and may still answer; when the
 * session ends, what it wrote is sent, then all is over.
 */
#include "base/fs.h"
#include "base/io_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_MAX 8 /* buffers in a row for one client, before others have their turn */

struct io_pump {
    struct watch other;
    void (*done)(void *);
    void *arg;
    bool other_eof, told_eof;
    bool unwatched; /* the session is gone; what it wrote is read without being told to */
    uint64_t stall_ms;
    bool fresh; /* what is pending is a new buffer: its time begins */
    bool timed;
};

/* What a session that has gone did not read is dropped: what it wrote before must still be sent. */
static void send_to_other(struct io *io)
{
    struct bytes in;
    while ((in = io_buffer_bytes(&io->in)).n) {
        ssize_t n = send(io->pump->other.fd, in.p, in.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        io_buffer_consume(&io->in, n < 0 ? in.n : (size_t)n);
    }
    if (io->eof && !io->pump->told_eof) {
        shutdown(io->pump->other.fd, SHUT_WR);
        io->pump->told_eof = true;
    }
}

/* True if there may be more at once. */
static bool receive_from_other(struct io *io)
{
    io_buffer_begin(&io->out);
    io->pump->fresh = true;
    char *p = strbuf_room(&io->out.sb, IO_WIRE);
    ssize_t n = recv(io->pump->other.fd, p, IO_WIRE, 0);
    if (n > 0)
        strbuf_extend(&io->out.sb, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        io->pump->other_eof = true;
    io_buffer_consume(&io->out, 0);
    return n == IO_WIRE || io->pump->unwatched;
}

static void pump_end(struct io *io)
{
    void (*done)(void *) = io->pump->done;
    void *arg = io->pump->arg;
    io_flush(io);
    if (io->secure && !io->failed)
        gnutls_bye(io->tls, GNUTLS_SHUT_WR);
    io_flush(io);
    io_pump_free(io);
    loop_unwatch(io->loop, &io->watch);
    done(arg);
}

static void pump_interest(struct io *io)
{
    struct io_pump *pump = io->pump;
    bool backlog = io_buffer_bytes(&io->in).n, full = io_output_pending(io);
    if (!pump->unwatched)
        loop_rewatch(io->loop, &pump->other,
                     (backlog ? EPOLLOUT : 0) | (!full && !pump->other_eof ? EPOLLIN : 0));
    io->paused = backlog;
    io_interest(io);
}

static void take_from_client(struct io *io)
{
    if (!io_buffer_bytes(&io->in).n)
        io_fill(io);
    send_to_other(io);
}

static void take_from_other(struct io *io)
{
    struct io_pump *pump = io->pump;
    bool more = true;
    for (unsigned round = 0; more && (round < ROUNDS_MAX || pump->unwatched); round++) {
        if (io_output_pending(io) || pump->other_eof)
            break;
        more = receive_from_other(io);
        io_flush(io);
    }
}

/* The time of a buffer begins when it is read from the session, and ends when the client has taken all of it. */
static void set_deadline(struct io *io)
{
    struct io_pump *pump = io->pump;
    bool pending = io_output_pending(io);
    if (pending && (pump->fresh || !pump->timed))
        timer_set(io->loop, &io->deadline, pump->stall_ms);
    else if (!pending && pump->timed)
        timer_stop(io->loop, &io->deadline);
    pump->timed = pending;
    pump->fresh = false;
}

void io_pump_stalled(struct io *io)
{
    io_fail(io, "write", IO_STALLED);
    pump_end(io);
}

static void go_on(struct io *io)
{
    struct io_pump *pump = io->pump;
    set_deadline(io);
    if (io->failed || (pump->other_eof && !io_output_pending(io)))
        pump_end(io);
    else
        pump_interest(io);
}

void io_pump_run(struct io *io)
{
    io_flush(io);
    take_from_client(io);
    take_from_other(io);
    go_on(io);
}

/* The client has sent more than was given on, and nothing will tell of it again. */
static bool client_is_waiting(const struct io *io)
{
    return io->paused || io_buffer_bytes(&io->in).n || io_buffer_bytes(&io->wire_in).n ||
           (io->tls && gnutls_record_check_pending(io->tls));
}

static void on_other(void *arg, uint32_t events)
{
    struct io *io = arg;
    if ((events & (EPOLLHUP | EPOLLERR)) && !io->pump->other.events) {
        io->pump->unwatched = true; /* reported unasked, again and again */
        loop_unwatch(io->loop, &io->pump->other);
    }
    if (client_is_waiting(io)) {
        io_pump_run(io);
        return;
    }
    take_from_other(io);
    go_on(io);
}

void io_pump_free(struct io *io)
{
    if (!io->pump)
        return;
    loop_unwatch(io->loop, &io->pump->other);
    close(io->pump->other.fd);
    free(io->pump);
    io->pump = NULL;
}

void io_pump(struct io *io, int other_fd, uint64_t stall_ms, void (*done)(void *arg), void *arg)
{
    struct io_pump *pump = xcalloc(1, sizeof *pump);
    pump->done = done;
    pump->stall_ms = stall_ms;
    pump->arg = arg;
    io->pump = pump;
    io->fresh = false;
    io->in.sb.max = io->out.sb.max = IO_WIRE;
    timer_stop(io->loop, &io->deadline);
    fs_set_nonblock(other_fd, true);
    loop_watch(io->loop, &pump->other, other_fd, EPOLLIN, on_other, io);
    timer_set(io->loop, &io->kick, 0);
}
