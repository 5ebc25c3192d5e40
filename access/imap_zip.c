/*
 * imap_zip.c - see imap_zip.h.
 *
 * Ours is a window of 4 KB: the usual one costs a session 256 KB and gains little on answers of IMAP. The client's must be 32 KB,
 * since it may send what refers as far back. While a session rests both states are given back: the compressor forgets its
 * window (each flush ends on an octet, so a fresh stream may follow), and of the decompressor only the octets that were really
 * received are kept, which for a client's commands are few. That can be done between two blocks only: Z_BLOCK stops there, and
 * data_type tells.
 */
#include "access/imap_zip.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <zlib.h>

enum {
    OUR_WINDOW = -12, /* raw DEFLATE, 2^12 octets */
    CLIENT_WINDOW = -15,
    OUR_MEMORY = 5,
    LEVEL = 5,
    BETWEEN_BLOCKS = 128,
};

struct imap_zip {
    z_stream in, out;
    bool in_open, out_open;
    bool full;  /* the last inflate filled its room */
    bool ended; /* the client has finished its stream */
    int flush;
    unsigned char *window; /* of `in`, while it is closed */
    unsigned window_len;
};

struct imap_zip *imap_zip_new(void)
{
    return xcalloc(1, sizeof(struct imap_zip));
}

static void close_in(struct imap_zip *zip)
{
    if (zip->in_open)
        inflateEnd(&zip->in);
    zip->in_open = false;
}

static void close_out(struct imap_zip *zip)
{
    if (zip->out_open)
        deflateEnd(&zip->out);
    zip->out_open = false;
}

void imap_zip_free(struct imap_zip *zip)
{
    if (!zip)
        return;
    close_in(zip);
    close_out(zip);
    free(zip->window);
    free(zip);
}

static void open_in(struct imap_zip *zip)
{
    zip->in = (z_stream){0};
    if (inflateInit2(&zip->in, CLIENT_WINDOW) != Z_OK)
        log_fatal("out of memory for COMPRESS");
    if (zip->window)
        inflateSetDictionary(&zip->in, zip->window, zip->window_len);
    free(TAKE_PTR(zip->window));
    zip->in_open = true;
}

long imap_zip_inflate(struct imap_zip *zip, const char **p, size_t *n, char *to, size_t size)
{
    int r = Z_OK;
    if (zip->ended)
        return -1;
    if (!zip->in_open)
        open_in(zip);
    zip->in.next_in = (unsigned char *)*p;
    zip->in.avail_in = (unsigned)*n;
    zip->in.next_out = (unsigned char *)to;
    zip->in.avail_out = (unsigned)size;
    do
        r = inflate(&zip->in, Z_BLOCK);
    while (r == Z_OK && zip->in.avail_in && zip->in.avail_out);
    *p += *n - zip->in.avail_in;
    *n = zip->in.avail_in;
    zip->full = zip->in.avail_out == 0;
    zip->ended = r == Z_STREAM_END;
    size_t got = size - zip->in.avail_out;
    return r == Z_OK || r == Z_BUF_ERROR || (zip->ended && got) ? (long)got : -1;
}

bool imap_zip_has_more(const struct imap_zip *zip)
{
    return zip->full;
}

void imap_zip_deflate(struct imap_zip *zip, const char *p, size_t n, bool flush)
{
    if (!zip->out_open) {
        zip->out = (z_stream){0};
        if (deflateInit2(&zip->out, LEVEL, Z_DEFLATED, OUR_WINDOW, OUR_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
            log_fatal("out of memory for COMPRESS");
        zip->out_open = true;
    }
    zip->out.next_in = (unsigned char *)p;
    zip->out.avail_in = (unsigned)n;
    zip->flush = flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
}

size_t imap_zip_take(struct imap_zip *zip, char *to, size_t size)
{
    zip->out.next_out = (unsigned char *)to;
    zip->out.avail_out = (unsigned)size;
    deflate(&zip->out, zip->flush);
    return size - zip->out.avail_out;
}

void imap_zip_rest(struct imap_zip *zip)
{
    close_out(zip);
    if (!zip->in_open || zip->in.data_type != BETWEEN_BLOCKS)
        return;
    inflateGetDictionary(&zip->in, NULL, &zip->window_len);
    zip->window = xrealloc(NULL, zip->window_len + 1, 1);
    inflateGetDictionary(&zip->in, zip->window, &zip->window_len);
    close_in(zip);
}
