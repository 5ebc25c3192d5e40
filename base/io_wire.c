/*
 * io_wire.c - below the stream: its buffers, the socket, and TLS between the two. io.c says when, this file
 * does it.
 *
 * With TLS there are two layers of buffers: GnuTLS pulls from wire_in and pushes into wire_out, and only
 * those two touch the socket, 64 KB at a time. GnuTLS's own push never fails therefore, so a record is never
 * half sent. Empty buffers are given back: an idle connection costs its GnuTLS session and struct io. Large ones go
 * to a few spares that all streams of the process share: under load malloc would map and unmap them all the time.
 */
#include "base/io_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* ---- buffers ---- */

#define SPARES 4

static struct {
    char *data;
    size_t size;
} spares[SPARES];
static unsigned nspares;

void io_buffer_begin(struct io_buffer *b)
{
    if (b->sb.size || !nspares)
        return;
    nspares--;
    b->sb.data = spares[nspares].data;
    b->sb.size = spares[nspares].size;
    strbuf_clear(&b->sb);
}

static void give_back(struct strbuf *sb)
{
    if (sb->size < IO_WIRE || nspares == SPARES) {
        strbuf_done(sb);
        return;
    }
    spares[nspares].data = sb->data;
    spares[nspares++].size = sb->size;
    sb->data = strbuf_empty;
    sb->size = 0;
    strbuf_clear(sb);
}

struct bytes io_buffer_bytes(const struct io_buffer *b)
{
    return (struct bytes){b->sb.data + b->used, b->sb.len - b->used};
}

void io_buffer_consume(struct io_buffer *b, size_t n)
{
    b->used += n;
    if (b->used >= b->sb.len) {
        give_back(&b->sb);
        b->used = 0;
    } else if (b->used > b->sb.len / 2) {
        strbuf_consume(&b->sb, b->used);
        b->used = 0;
    }
}

size_t io_buffer_room(const struct io_buffer *b)
{
    size_t pending = b->sb.len - b->used;
    return pending >= b->sb.max ? 0 : b->sb.max - pending;
}

/* Where up to want bytes can be written, or NULL if the buffer is full. */
static char *buffer_space(struct io_buffer *b, size_t *want)
{
    size_t room = io_buffer_room(b);
    if (*want > room)
        *want = room;
    if (!room)
        return NULL;
    if (b->sb.len + *want > b->sb.max) {
        strbuf_consume(&b->sb, b->used);
        b->used = 0;
    }
    io_buffer_begin(b);
    return strbuf_room(&b->sb, *want);
}

void io_fail(struct io *io, const char *what, const char *why)
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
    if (io->secure)
        io_buffer_begin(&io->wire_out);
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

void io_tls_begin(struct io *io)
{
    io_buffer_consume(&io->in, io_buffer_bytes(&io->in).n);
    io->fresh = false;
    io->tls = tls_session_new(io->tls_wanted, io->watch.fd, io->protocol);
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

/* The kernel holds back its word that the end of the handshake has come, and most clients hold back their next command until
 * then: 40 ms for nothing. */
static void acknowledge(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void io_tls_handshake(struct io *io)
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
    acknowledge(io_fd(io));
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
