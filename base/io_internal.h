/*
 * io_internal.h - the inside of a stream, shared by io.c, io_wire.c and io_pump.c only.
 */
#ifndef BASE_IO_INTERNAL_H
#define BASE_IO_INTERNAL_H

#include "base/io.h"
#include "base/strbuf.h"

#define IO_WIRE                                                                                              \
    (64 * 1024) /* TLS: records are collected up to this before they are sent; reads are of this size */

/* A buffer consumed from the front without moving bytes each time. */
struct io_buffer {
    struct strbuf sb;
    size_t used;
};

struct io {
    struct loop *loop;
    struct watch watch;
    struct timer deadline, kick;
    io_fn *fn;
    void *arg;
    struct io_buffer in, out;           /* clear text */
    struct io_buffer wire_in, wire_out; /* TLS records */
    gnutls_session_t tls;
    struct tls_context *tls_wanted; /* handshake asked for, output not yet sent */
    const char *protocol;           /* in that handshake */
    bool handshaking, secure, paused, eof, finishing, failed, wire_eof;
    bool wrote;    /* output was queued since IO_DRAINED was last reported */
    bool fresh;    /* input arrived (or was kept back) and was not reported */
    bool *freed;   /* set by io_free while a callback runs */
    unsigned busy; /* inside our own functions: flush at the end, not from io_write */
    struct io_pump *pump;
    char error[160];
};

struct bytes io_buffer_bytes(const struct io_buffer *b);
void io_buffer_consume(struct io_buffer *b, size_t n);
/* Something large is about to be added: memory that another stream has used, if the buffer has none. */
void io_buffer_begin(struct io_buffer *b);
size_t io_buffer_room(const struct io_buffer *b);
/* The stream is broken; the first reason stays. */
void io_fail(struct io *io, const char *what, const char *why);
/* Make the TLS session that was asked for; go on with its handshake. */
void io_tls_begin(struct io *io);
void io_tls_handshake(struct io *io);
/* Read once into io->in; 1 got something, 0 nothing there, -1 end or error (io->eof, io->failed tell which).
 */
int io_fill(struct io *io);
/* Send what can be sent. Sets io->failed. */
void io_flush(struct io *io);
/* Ask epoll for what is wanted now. */
void io_interest(struct io *io);

/* io_pump.c */
void io_pump_run(struct io *io);
void io_pump_stalled(struct io *io); /* its deadline has passed */
void io_pump_free(struct io *io);

#endif
