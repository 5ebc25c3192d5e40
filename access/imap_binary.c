/*
 * imap_binary.c - see imap_binary.h.
 *
 * The decoder is fed with the wire form (CRLF), so that lines of text end as IMAP wants them. A literal's size goes out before its
 * octets, and only decoding tells it: what fits into READY_MAX is decoded once and kept, what is larger is measured first and decoded
 * again piece by piece; nothing is held whole. The message itself (BINARY[]), multiparts and messages in messages have no encoding of
 * their own (RFC 2045 6.4).
 */
#include "access/imap_binary.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE     65536
#define READY_MAX (256 << 10) /* octets that a part may have to be decoded once only */

/* ---- decoding ---- */

static void restart(struct imap_binary *b)
{
    struct strbuf rubbish = STRBUF_INIT(PIECE);
    if (b->decoder)
        message_decoder_finish(b->decoder, &rubbish);
    strbuf_done(&rubbish);
    wire_seek(&b->wire, 0);
    b->decoder = message_decoder_new(b->encoding, NULL, false);
    b->ready_at = 0;
    strbuf_clear(&b->ready);
}

/* One more piece behind what is ready. 0: the end; -1: errno. */
static int decode_more(struct imap_binary *b)
{
    AUTO_FREE char *piece = b->decoder ? xrealloc(NULL, PIECE, 1) : NULL;
    if (!b->decoder)
        return 0;
    ssize_t n = wire_read(&b->wire, piece, PIECE);
    if (n < 0)
        return -1;
    if (n > 0)
        message_decoder_feed(b->decoder, bytes_from(piece, (size_t)n), &b->ready);
    else
        message_decoder_finish(TAKE_PTR(b->decoder), &b->ready);
    return 1;
}

/* What is ready has been looked at. */
static void drop_ready(struct imap_binary *b)
{
    b->ready_at += b->ready.len;
    strbuf_clear(&b->ready);
}

static int measure(struct imap_binary *b)
{
    size_t seen = 0;
    int more;
    restart(b);
    while ((more = decode_more(b)) > 0) {
        b->has_nul |= memchr(b->ready.data + seen, '\0', b->ready.len - seen) != NULL;
        if (b->ready_at || b->ready.len > READY_MAX)
            drop_ready(b);
        seen = b->ready.len;
    }
    b->size = b->ready_at + b->ready.len;
    return more;
}

ssize_t imap_binary_read(struct imap_binary *b, uint64_t at, char *to, size_t n)
{
    if (at < b->ready_at)
        restart(b);
    while (at >= b->ready_at + b->ready.len) {
        drop_ready(b);
        int more = decode_more(b);
        if (more <= 0)
            return more;
    }
    size_t skip = (size_t)(at - b->ready_at), have = b->ready.len - skip;
    if (n > have)
        n = have;
    memcpy(to, b->ready.data + skip, n);
    return (ssize_t)n;
}

void imap_binary_free(struct imap_binary *b)
{
    if (!b)
        return;
    if (b->decoder)
        message_decoder_finish(b->decoder, &b->ready);
    strbuf_done(&b->ready);
    wire_close(&b->wire);
    free(b);
}

/* ---- finding ---- */

static bool known(const char *encoding)
{
    static const char *const names[] = {"7bit", "8bit", "binary", "base64", "quoted-printable"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bytes_eq_nocase(bytes_of(encoding), bytes_of(names[i])))
            return true;
    return false;
}

/* 1: found, 0: no such part. */
static int find(struct imap_message *m, const struct imap_section *section, struct imap_binary *where)
{
    const struct mime_part *root = section->depth ? imap_message_tree(m) : NULL;
    const struct mime_part *part = root ? mime_find(root, section->numbers, section->depth) : NULL;
    if (imap_message_fd(m) < 0 || (section->depth && !root))
        return -1;
    where->end = (uint64_t)m->st.st_size;
    where->encoding = "binary";
    if (!section->depth)
        return 1;
    if (!part)
        return 0;
    where->start = part->body_start;
    where->end = part->body_end;
    if (!part->multipart && !part->rfc822)
        where->encoding = part->encoding;
    if (known(where->encoding))
        return 1;
    return err_set(&m->err, ERR_INVALID, "a part of the message with UID %u has an unknown encoding", m->uid);
}

int imap_binary_open(struct imap_message *m, const struct imap_section *section, struct imap_binary **found)
{
    struct imap_binary where = {.start = 0};
    int r = find(m, section, &where);
    *found = r > 0 ? m->binary : NULL;
    if (r <= 0 || (m->binary && m->binary->start == where.start && m->binary->end == where.end))
        return r < 0 ? -1 : 0;
    imap_binary_free(m->binary);
    m->binary = *found = xcalloc(1, sizeof(*m->binary));
    *m->binary = where;
    strbuf_init(&m->binary->ready, SIZE_MAX / 4);
    wire_open(&m->binary->wire, m->fd, where.start, where.end);
    if (!measure(m->binary))
        return 0;
    err_errno(&m->err, errno, "message with UID %u", m->uid);
    imap_binary_free(TAKE_PTR(m->binary));
    return -1;
}
