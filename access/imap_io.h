/*
 * imap_io.h - the session's two ends: one buffered reader and one buffered writer, both with deadlines.
 *
 * Output is collected in a block and written when the block is full or the session waits for input. A broken
 * or stuck client makes the stream `dead`: further output is thrown away and the next read fails, so that
 * nobody has to look at each write. A connection that waits keeps no buffers.
 */
#ifndef ACCESS_IMAP_IO_H
#define ACCESS_IMAP_IO_H

#include "base/strbuf.h"

#include <sys/types.h>

#define IMAP_IN_SIZE          16384
#define IMAP_OUT_SIZE         (256 * 1024) /* larger ones leave the cache (measured) */
#define IMAP_WRITE_TIMEOUT_MS (5 * 60 * 1000)
#define IMAP_REST_AFTER_MS    300 /* of waiting in vain: buffers are given back */

enum imap_io_result {
    IMAP_IO_OK,      /* there is input */
    IMAP_IO_END,     /* the client is gone, or was never reading */
    IMAP_IO_TIMEOUT, /* the deadline passed */
    IMAP_IO_STOP,    /* we are asked to stop (SIGTERM) */
    IMAP_IO_OTHER,   /* the other descriptor is readable */
};

struct imap_zip;

struct imap_io {
    int in_fd, out_fd;
    int also; /* another descriptor that ends waiting when it is readable, or -1 */
    bool dead, is_pipe;
    char *in, *out;
    size_t in_at, in_have; /* input not yet used is in[in_at..in_have) */
    size_t out_have;
    uint64_t octets_in, octets_out; /* on the wire */
    struct imap_zip *zip;           /* the wire is compressed; or NULL */
    char *raw;                      /* compressed input, not yet used: raw_at[0..raw_have) */
    const char *raw_at;
    size_t raw_have;
    bool unflushed; /* the compressor holds octets */
    bool rested;
    void (*resting)(
        void *arg); /* nothing has come for a while: give back what is not needed. NULL: nobody asks */
    void *resting_arg;
};

/* Blocks SIGTERM but while waiting for input; ignores SIGPIPE. */
void imap_io_init(struct imap_io *io, int in_fd, int out_fd);
void imap_io_done(struct imap_io *io);

static inline struct bytes imap_io_input(const struct imap_io *io)
{
    return (struct bytes){io->in + io->in_at, io->in_have - io->in_at};
}
void imap_io_consume(struct imap_io *io, size_t n);
/* Send what is waiting, then wait until there is unused input, or `other` (a descriptor, or -1) is readable.
 */
enum imap_io_result imap_io_wait(struct imap_io *io, int timeout_ms, int other);

void imap_io_write(struct imap_io *io, const void *p, size_t n);
/* Room for at least one octet, *n of it; claim it with imap_io_wrote. For writing without another copy. */
char *imap_io_room(struct imap_io *io, size_t *n);
void imap_io_wrote(struct imap_io *io, size_t n);
/* Take back the last octet written (n = 1), if nothing came after it. */
void imap_io_unwrite(struct imap_io *io, size_t n);
void imap_io_flush(struct imap_io *io);
/* Can a line be sent at once: does hardly anything wait, and the client read? */
bool imap_io_is_idle(const struct imap_io *io);
/* Send what is waiting; from then on both directions are compressed. False: there is input already, which is neither. */
bool imap_io_compress(struct imap_io *io);

#endif
