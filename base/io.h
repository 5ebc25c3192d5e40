/*
 * io.h - a buffered non-blocking stream, with TLS inside and back-pressure.
 *
 * One struct io owns one socket. The owner's callback is told what happened; it reads from the input buffer,
 * writes to the output buffer, and may io_free the stream from inside the callback (it must then touch it no
 * more). Rules that exclude old mistakes:
 * - after shutdown or end of input every read finds nothing (no buffer of the TLS layer outlives it);
 * - io_start_tls throws away whatever clear text was read before: bytes in front of the handshake do not
 * survive it;
 * - the input buffer has a cap: when it is full no more is read from the socket until the owner consumes;
 * - the output buffer has a cap: above its high-water mark input is not reported (a client that never reads
 * is not served), and writing past the cap ends the stream with IO_ERROR.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/bytes.h"
#include "base/event.h"
#include "base/tls.h"

#include <stdarg.h>
#include <stdbool.h>

struct io;

enum io_event {
    IO_INPUT,   /* there are new bytes in the input buffer */
    IO_DRAINED, /* the output buffer has run empty */
    IO_SECURED, /* the TLS handshake is done */
    IO_EOF, /* the peer has ended its side; the input buffer may still hold bytes that were reported before */
    IO_TIMEOUT, /* the deadline set with io_deadline has passed */
    IO_ERROR,   /* broken connection, failed handshake (io_error says why) */
};

typedef void io_fn(struct io *io, enum io_event event, void *arg);

/* Takes over fd (sets it non-blocking, closes it in io_free). Input cap and output cap in bytes. */
struct io *io_new(struct loop *loop, int fd, size_t in_cap, size_t out_cap, io_fn *fn, void *arg);
void io_free(struct io *io); /* closes at once; output not yet sent is lost. NULL is fine */
/* Give the descriptor back instead of closing it, clear connections only; the caller owns it. Frees io. */
int io_detach(struct io *io);

/* What is in the input buffer; valid until the next io call. */
struct bytes io_input(const struct io *io);
void io_consume(struct io *io, size_t n);
/* The next line ending in CRLF, without it, or (bare_lf_ok) in LF. Returns 1 and the line (valid until the
 * next io call; it is consumed), 0 if there is no whole line yet, -1 if a line is longer than max, -2 if a
 * bare CR or (unless bare_lf_ok) a bare LF stands in it. */
int io_line(struct io *io, size_t max, bool bare_lf_ok, struct bytes *line);

/* Queue output. Sent when the callback returns, in as few system calls as possible. */
void io_write(struct io *io, const void *p, size_t n);
void io_printf(struct io *io, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t io_output_pending(const struct io *io);
/* Close once the output has been sent (or failed, or 5 s have passed); no more callbacks; frees io. */
void io_finish(struct io *io);
/* Streams that io_finish is still sending, in this process. */
unsigned io_finishing(void);

/* Stop and start reporting input (and reading it). */
void io_pause(struct io *io);
void io_resume(struct io *io);
/* One deadline, ms from now; 0 takes it away. Reported once as IO_TIMEOUT. */
void io_deadline(struct io *io, uint64_t ms);

/* Server side of a handshake: starts when the output has been sent. Discards buffered input first. IO_SECURED
 * or IO_ERROR follows. protocol: as for tls_session_new, a literal. */
void io_start_tls(struct io *io, struct tls_context *ctx, const char *protocol);
gnutls_session_t io_tls(const struct io *io); /* NULL on a clear connection */
bool io_secure(const struct io *io);
int io_fd(const struct io *io);
const char *io_error(const struct io *io);
#define IO_STALLED "the peer does not take what it asked for" /* in it, after io_pump */

/* From now on move bytes between io and other_fd (a socket, taken over) in both directions until one side
 * ends, then call done(arg) and nothing else; io must be io_freed there. Buffered input goes first.
 * A peer that does not take one buffer (64 KB) within stall_ms is given up. */
void io_pump(struct io *io, int other_fd, uint64_t stall_ms, void (*done)(void *arg), void *arg);

#endif
