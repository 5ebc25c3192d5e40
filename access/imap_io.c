/*
 * imap_io.c - see imap_io.h.
 */
#include "access/imap_io.h"

#include "access/imap_zip.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ZIP_PIECE 16384
#define LINE_SOON 4096 /* octets waiting, behind which a line is sent without waiting for the client */

static volatile sig_atomic_t stop_asked;
static sigset_t waiting_mask; /* signals as they are while we wait for input */

static void on_term(int sig)
{
    (void)sig;
    stop_asked = 1;
}

void imap_io_init(struct imap_io *io, int in_fd, int out_fd)
{
    struct sigaction term = {.sa_handler = on_term}, ignore = {.sa_handler = SIG_IGN};
    sigset_t block;
    *io = (struct imap_io){.in_fd = in_fd, .out_fd = out_fd, .also = -1};
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &waiting_mask);
    sigdelset(&waiting_mask, SIGTERM);
    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* Nothing is waiting to be used or sent. */
static void free_buffers(struct imap_io *io)
{
    free(TAKE_PTR(io->in));
    free(TAKE_PTR(io->out));
    free(TAKE_PTR(io->raw));
}

void imap_io_done(struct imap_io *io)
{
    free_buffers(io);
    imap_zip_free(TAKE_PTR(io->zip));
}

void imap_io_consume(struct imap_io *io, size_t n)
{
    io->in_at += n;
    if (io->in_at == io->in_have)
        io->in_at = io->in_have = 0;
}

/* The input is there, or can be had from what was read before. */
static bool inflate_some(struct imap_io *io)
{
    if (!io->zip || (!io->raw_have && !imap_zip_has_more(io->zip)))
        return false;
    long n = imap_zip_inflate(io->zip, &io->raw_at, &io->raw_have, io->in, IMAP_IN_SIZE);
    io->dead |= n < 0;
    io->in_at = 0;
    io->in_have = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static enum imap_io_result read_compressed(struct imap_io *io)
{
    if (!io->raw)
        io->raw = xrealloc(NULL, IMAP_IN_SIZE, 1);
    ssize_t n = read(io->in_fd, io->raw, IMAP_IN_SIZE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return IMAP_IO_TIMEOUT;
    io->dead |= n <= 0;
    io->raw_at = io->raw;
    io->raw_have = n > 0 ? (size_t)n : 0;
    io->octets_in += io->raw_have;
    return inflate_some(io) ? IMAP_IO_OK : io->dead ? IMAP_IO_END : IMAP_IO_TIMEOUT;
}

static enum imap_io_result read_some(struct imap_io *io)
{
    if (!io->in)
        io->in = xrealloc(NULL, IMAP_IN_SIZE, 1);
    if (io->zip)
        return read_compressed(io);
    ssize_t n = read(io->in_fd, io->in, IMAP_IN_SIZE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return IMAP_IO_TIMEOUT;
    if (n <= 0) {
        io->dead = true;
        return IMAP_IO_END;
    }
    io->in_at = 0;
    io->in_have = (size_t)n;
    io->octets_in += (size_t)n;
    return IMAP_IO_OK;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One ppoll with SIGTERM let through. */
static enum imap_io_result wait_once(struct imap_io *io, int64_t left, int other)
{
    struct pollfd fds[] = {{.fd = io->in_fd, .events = POLLIN},
                           {.fd = other, .events = POLLIN},
                           {.fd = io->also, .events = POLLIN}};
    struct timespec ts = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    int n = ppoll(fds, 3, &ts, &waiting_mask);
    if (stop_asked)
        return IMAP_IO_STOP;
    if (n < 0 && errno != EINTR)
        return IMAP_IO_END;
    if (n > 0 && fds[0].revents)
        return read_some(io);
    return n > 0 && (fds[1].revents || fds[2].revents) ? IMAP_IO_OTHER : IMAP_IO_TIMEOUT;
}

static enum imap_io_result wait_until(struct imap_io *io, int64_t deadline, int other)
{
    for (;;) {
        if (io->dead)
            return IMAP_IO_END;
        int64_t left = deadline - now_ms();
        enum imap_io_result r = wait_once(io, left > 0 ? left : 0, other);
        if (r != IMAP_IO_TIMEOUT || left <= 0)
            return r;
    }
}

static void rest(struct imap_io *io)
{
    free_buffers(io);
    if (io->zip)
        imap_zip_rest(io->zip);
    io->rested = true;
    if (io->resting)
        io->resting(io->resting_arg);
}

enum imap_io_result imap_io_wait(struct imap_io *io, int timeout_ms, int other)
{
    if (io->in_at < io->in_have || inflate_some(io))
        return IMAP_IO_OK;
    imap_io_flush(io);
    int64_t now = now_ms(), deadline = now + timeout_ms;
    if (!io->rested && timeout_ms > IMAP_REST_AFTER_MS) {
        enum imap_io_result r = wait_until(io, now + IMAP_REST_AFTER_MS, other);
        if (r != IMAP_IO_TIMEOUT)
            return r;
        rest(io);
    }
    enum imap_io_result r = wait_until(io, deadline, other);
    io->rested &= r == IMAP_IO_TIMEOUT;
    return r;
}

/* Wait until out_fd takes more; false after the deadline. */
static bool writable(struct imap_io *io)
{
    struct pollfd fd = {.fd = io->out_fd, .events = POLLOUT};
    int n;
    do
        n = poll(&fd, 1, IMAP_WRITE_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

bool imap_io_is_idle(const struct imap_io *io)
{
    struct pollfd fd = {.fd = io->out_fd, .events = POLLOUT};
    return !io->dead && io->out_have < LINE_SOON && poll(&fd, 1, 0) > 0 && fd.revents & POLLOUT;
}

/* A pipe is waited for first: unlike a socket it has no other way not to block us. */
static ssize_t send_some(struct imap_io *io, const char *p, size_t n)
{
    ssize_t sent = io->is_pipe ? -1 : send(io->out_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    io->is_pipe |= sent < 0 && errno == ENOTSOCK;
    if (!io->is_pipe)
        return sent;
    return writable(io) ? write(io->out_fd, p, n < PIPE_BUF ? n : PIPE_BUF) : 0;
}

static void send_all(struct imap_io *io, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n && !io->dead) {
        ssize_t sent = send_some(io, p + at, n - at);
        if (sent > 0)
            at += (size_t)sent;
        else if (sent == 0 || (errno != EINTR && errno != EAGAIN) || !writable(io))
            io->dead = true;
    }
    io->octets_out += at;
}

/* `flush`: the client must be able to read it all now. */
static void send_block(struct imap_io *io, bool flush)
{
    char piece[ZIP_PIECE];
    size_t n = io->out_have;
    io->out_have = 0;
    if (!io->zip) {
        send_all(io, io->out, n);
        return;
    }
    io->unflushed |= n > 0;
    if (!io->unflushed)
        return;
    imap_zip_deflate(io->zip, io->out, n, flush);
    while ((n = imap_zip_take(io->zip, piece, sizeof(piece))))
        send_all(io, piece, n);
    io->unflushed = !flush;
}

void imap_io_flush(struct imap_io *io)
{
    send_block(io, true);
}

bool imap_io_compress(struct imap_io *io)
{
    imap_io_flush(io);
    io->zip = imap_zip_new();
    return io->in_at == io->in_have;
}

char *imap_io_room(struct imap_io *io, size_t *n)
{
    if (!io->out)
        io->out = xrealloc(NULL, IMAP_OUT_SIZE, 1);
    if (io->out_have == IMAP_OUT_SIZE)
        send_block(io, false);
    *n = IMAP_OUT_SIZE - io->out_have;
    return io->out + io->out_have;
}

void imap_io_wrote(struct imap_io *io, size_t n)
{
    io->out_have += n;
}

void imap_io_unwrite(struct imap_io *io, size_t n)
{
    if (io->out_have >= n)
        io->out_have -= n;
}

void imap_io_write(struct imap_io *io, const void *p, size_t n)
{
    const char *from = p;
    while (n > 0) {
        size_t room;
        char *to = imap_io_room(io, &room);
        size_t take = n < room ? n : room;
        memcpy(to, from, take);
        imap_io_wrote(io, take);
        from += take;
        n -= take;
    }
}
