/*
 * message_wire.c - a message file as the wire wants it: each LF without CR before it becomes CRLF.
 *
 * Stands between the Maildir and FETCH, RETR and the relay. The file is read in pieces; lines are copied and counted 16 octets at a
 * time. `after_cr` says that the last octet given out was a CR, be it from the file or made here: so a CR that just fitted is
 * followed by its LF in the next read, and a CRLF of the file stays one.
 *
 * A small file is read once, even if it is counted first and given out then: its buffer stays. On the way through a large one places are
 * noted, at first every MARK_STEP octets, and when there is no more room every second is dropped: who comes back for a piece
 * begins at the place before it.
 */
#include "maildir/message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    WIRE_WHOLE = 128 * 1024, /* octets of a range that is read at once */
    WIRE_BUFFER = 64 * 1024, /* of a larger one */
    MARK_STEP = 256 * 1024,
    SKIP_STEP = 1024,
};

void wire_open(struct wire_reader *r, int fd, uint64_t start, uint64_t end)
{
    *r = (struct wire_reader){.fd = fd,
                              .start = start,
                              .end = end < start ? start : end,
                              .file_pos = start,
                              .mark_step = MARK_STEP};
}

void wire_close(struct wire_reader *r)
{
    free(r->buffer);
    *r = (struct wire_reader){.fd = -1};
}

void wire_rest(struct wire_reader *r)
{
    free(r->buffer);
    r->buffer = NULL;
    r->have = r->used = 0;
}

/* ---- runs of octets ---- */

/* Copy up to the first LF, or n octets: how many. */
static inline size_t copy_line(char *to, const char *from, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n');
    for (; i + 16 <= n; i += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), octets);
        int found = _mm_movemask_epi8(_mm_cmpeq_epi8(octets, lf));
        if (found)
            return i + (size_t)__builtin_ctz((unsigned)found);
    }
#endif
    for (; i < n && from[i] != '\n'; i++)
        to[i] = from[i];
    return i;
}

/* How many LFs have no CR before them. */
static uint64_t count_bare(const char *p, size_t n, bool after_cr)
{
    uint64_t bare = 0;
    size_t i = 1;
    if (n == 0)
        return 0;
    bare += p[0] == '\n' && !after_cr;
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r'), zero = _mm_setzero_si128();
    while (i + 16 <= n) {
        __m128i sums = zero; /* of 16 columns, which hold up to 255 each */
        for (unsigned rounds = 0; rounds < 255 && i + 16 <= n; rounds++, i += 16) {
            __m128i here = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
            __m128i before = _mm_loadu_si128((const __m128i *)(const void *)(p + i - 1));
            __m128i is_bare = _mm_andnot_si128(_mm_cmpeq_epi8(before, cr), _mm_cmpeq_epi8(here, lf));
            sums = _mm_sub_epi8(sums, is_bare);
        }
        __m128i halves = _mm_sad_epu8(sums, zero);
        bare += (uint64_t)_mm_cvtsi128_si64(halves) + (uint64_t)_mm_cvtsi128_si64(_mm_srli_si128(halves, 8));
    }
#endif
    for (; i < n; i++)
        bare += p[i] == '\n' && p[i - 1] != '\r';
    return bare;
}

/* ---- places ---- */

static struct wire_place here(const struct wire_reader *r)
{
    return (struct wire_place){r->file_pos, r->wire_pos, r->after_cr};
}

static void go_to(struct wire_reader *r, struct wire_place place)
{
    r->file_pos = place.file_pos;
    r->wire_pos = place.wire_pos;
    r->after_cr = place.after_cr;
}

static void note_place(struct wire_reader *r)
{
    if (r->file_pos - r->start < r->mark_step * (r->nmarks + 1))
        return;
    if (r->nmarks == WIRE_MARKS) {
        for (unsigned i = 0; i < WIRE_MARKS / 2; i++)
            r->marks[i] = r->marks[2 * i + 1];
        r->nmarks /= 2;
        r->mark_step *= 2;
    }
    if (r->file_pos - r->start >= r->mark_step * (r->nmarks + 1))
        r->marks[r->nmarks++] = here(r);
}

/* The last place noted that is not behind wire_pos. */
static struct wire_place place_before(const struct wire_reader *r, uint64_t wire_pos)
{
    struct wire_place best = {.file_pos = r->start};
    for (unsigned i = 0; i < r->nmarks && r->marks[i].wire_pos <= wire_pos; i++)
        best = r->marks[i];
    return best;
}

/* ---- reading ---- */

/* At least one octet in the buffer: 1; 0 at the end, -1 with errno. */
static int fill(struct wire_reader *r)
{
    uint64_t left = r->end - r->file_pos;
    if (r->used < r->have)
        return 1;
    if (left == 0)
        return 0;
    if (!r->buffer) {
        r->size = r->end - r->start <= WIRE_WHOLE ? (size_t)(r->end - r->start) : WIRE_BUFFER;
        r->buffer = xrealloc(NULL, r->size, 1);
    }
    ssize_t got;
    do
        got = pread(r->fd, r->buffer, left < r->size ? (size_t)left : r->size, (off_t)r->file_pos);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        errno = EIO;
    if (got <= 0)
        return -1;
    note_place(r);
    r->buffered = here(r);
    r->used = 0;
    r->have = (size_t)got;
    return 1;
}

/* Account for n > 0 octets of the buffer, which are `made` more on the wire. */
static void passed(struct wire_reader *r, size_t n, uint64_t made)
{
    r->after_cr = r->buffer[r->used + n - 1] == '\r';
    r->used += n;
    r->file_pos += n;
    r->wire_pos += n + made;
}

/* Give out up to n > 0 octets from the buffer, which is not empty. */
static size_t convert(struct wire_reader *r, char *to, size_t n)
{
    const char *from = r->buffer + r->used, *end = r->buffer + r->have;
    char *at = to, *stop = to + n;
    bool after_cr = r->after_cr;
    while (from < end && at < stop) {
        size_t run = (size_t)(end - from) < (size_t)(stop - at) ? (size_t)(end - from) : (size_t)(stop - at);
        size_t line = copy_line(at, from, run);
        if (line)
            after_cr = from[line - 1] == '\r';
        from += line;
        at += line;
        if (line == run)
            break;
        if (!after_cr) {
            *at++ = '\r';
            after_cr = true;
        }
        if (at == stop)
            break;
        *at++ = '\n';
        from++;
        after_cr = false;
    }
    size_t taken = (size_t)(from - r->buffer) - r->used, given = (size_t)(at - to);
    r->used += taken;
    r->file_pos += taken;
    r->wire_pos += given;
    r->after_cr = after_cr;
    return given;
}

ssize_t wire_read(struct wire_reader *r, void *p, size_t n)
{
    size_t done = 0;
    if (n > SSIZE_MAX)
        n = SSIZE_MAX;
    while (done < n) {
        int filled = fill(r);
        if (filled < 0 && done == 0)
            return -1;
        if (filled <= 0)
            break;
        done += convert(r, (char *)p + done, n - done);
    }
    return (ssize_t)done;
}

/* Go past up to n octets that are in the buffer: false if that would be further than wire_pos. */
static bool skip(struct wire_reader *r, size_t n, uint64_t wire_pos)
{
    size_t have = r->have - r->used;
    if (n > have)
        n = have;
    if (n == 0)
        return false;
    uint64_t bare = count_bare(r->buffer + r->used, n, r->after_cr);
    if (r->wire_pos + n + bare > wire_pos)
        return false;
    passed(r, n, bare);
    return true;
}

int wire_seek(struct wire_reader *r, uint64_t wire_pos)
{
    struct wire_place place = place_before(r, wire_pos);
    if (wire_pos < r->wire_pos && r->have && r->buffered.wire_pos <= wire_pos) {
        go_to(r, r->buffered);
        r->used = 0;
    } else if (wire_pos < r->wire_pos || place.wire_pos > r->wire_pos) {
        go_to(r, place);
        r->have = r->used = 0;
    }
    while (r->wire_pos < wire_pos) {
        char octet;
        int filled = fill(r);
        if (filled <= 0)
            return filled;
        if (skip(r, r->have, wire_pos))
            continue;
        while (skip(r, SKIP_STEP, wire_pos))
            ;
        while (r->wire_pos < wire_pos && r->used < r->have)
            convert(r, &octet, 1);
    }
    return 0;
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
