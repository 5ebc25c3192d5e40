/*
 * message_text.c - see message_text.h. On the way of a SEARCH BODY that finds no text of the message in the cache, and of what fills the
 * cache (access/imap_text.c); may be run in several threads, each with its own struct.
 */
#include "maildir/message_text.h"

#include "base/fs.h"
#include "base/text.h"
#include "maildir/message.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define FILE_MAX    (256 << 10) /* octets of a message that is read at once */
#define PIECE       (32 << 10)
#define DECODED_MAX (16 << 20) /* octets that a piece or a header field may become */

struct source {
    int fd;
    const char *whole; /* NULL: it is read piece by piece */
    uint64_t size;
    bool failed;
};

void message_text_init(struct message_text *t)
{
    *t = (struct message_text){.keep = 0};
    strbuf_init(&t->text, MESSAGE_TEXT_MAX + 2 * DECODED_MAX);
    strbuf_init(&t->decoded, DECODED_MAX);
}

void message_text_done(struct message_text *t)
{
    strbuf_done(&t->text);
    strbuf_done(&t->decoded);
    free(t->file);
    free(t->piece);
}

/* [at, at + n) of the message, less where it is shorter; n is at most PIECE, or MESSAGE_HEADER_MAX with room for that. */
static struct bytes octets(struct source *s, char *room, uint64_t at, size_t n)
{
    if (at >= s->size)
        return BYTES("");
    if (n > s->size - at)
        n = (size_t)(s->size - at);
    if (s->whole)
        return bytes_from(s->whole + at, n);
    ssize_t got = fs_pread_all(s->fd, room, n, (off_t)at);
    s->failed |= got < 0;
    return bytes_from(room, got < 0 ? 0 : (size_t)got);
}

/* A run is full: look at it, and go on with its end. */
static void limit(struct message_text *t)
{
    if (t->text.len <= MESSAGE_TEXT_MAX)
        return;
    t->too_large = true;
    if (t->look)
        t->look(t->arg, t);
    size_t gone = t->text.len > t->keep ? t->text.len - t->keep : 0;
    strbuf_consume(&t->text, gone);
    if (t->header != SIZE_MAX)
        t->header = t->header > gone ? t->header - gone : 0;
}

static void end_piece(struct message_text *t)
{
    strbuf_addc(&t->text, MESSAGE_TEXT_END);
    limit(t);
}

/* ---- headers ---- */

/* Most values are ASCII without encoded words: nothing is to be decoded. */
static struct bytes decoded_value(struct message_text *t, struct bytes value)
{
    if (text_is_ascii(value) && !memmem(value.p, value.n, "=?", 2))
        return header_text(&t->decoded, value);
    header_decode(&t->decoded, value);
    return strbuf_bytes(&t->decoded);
}

static void add_header(struct message_text *t, struct bytes block)
{
    struct header_field field;
    while (header_next(&block, &field)) {
        if (text_is_ascii(field.name)) {
            text_casefold(&t->text, field.name);
            strbuf_addc(&t->text, ':');
            end_piece(t);
        }
        strbuf_clear(&t->decoded);
        text_casefold(&t->text, decoded_value(t, field.value));
        end_piece(t);
    }
}

static void add_header_of(struct message_text *t, struct source *s, const struct mime_part *part)
{
    uint64_t n = part->header_end - part->header_start;
    size_t size = n > MESSAGE_HEADER_MAX ? MESSAGE_HEADER_MAX : (size_t)n;
    char *room = s->whole || size <= PIECE ? t->piece : xrealloc(NULL, size, 1);
    add_header(t, octets(s, room, part->header_start, size));
    if (room != t->piece)
        free(room);
}

/* ---- bodies ---- */

static void add_body(struct message_text *t, struct source *s, const struct mime_part *part)
{
    struct message_decoder *decoder =
        message_decoder_new(part->encoding, mime_param(part->params, part->nparams, "charset"), true);
    for (uint64_t at = part->body_start; at < part->body_end;) {
        uint64_t left = part->body_end - at;
        struct bytes piece = octets(s, t->piece, at, left < PIECE ? (size_t)left : PIECE);
        if (!piece.n)
            break;
        strbuf_clear(&t->decoded);
        message_decoder_feed(decoder, piece, &t->decoded);
        text_casefold(&t->text, strbuf_bytes(&t->decoded));
        limit(t);
        at += piece.n;
    }
    strbuf_clear(&t->decoded);
    message_decoder_finish(decoder, &t->decoded);
    text_casefold(&t->text, strbuf_bytes(&t->decoded));
    end_piece(t);
}

static bool is_text(const struct mime_part *part)
{
    return !part->multipart && !part->rfc822 &&
           (strcasecmp(part->type, "text") == 0 || strcasecmp(part->type, "message") == 0);
}

/* The next part in the order of the text, without recursion. */
static const struct mime_part *next_part(const struct mime_part *part)
{
    if (part->first_child)
        return part->first_child;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

static void add_parts(struct message_text *t, struct source *s, const struct mime_part *root)
{
    add_header_of(t, s, root);
    t->header = t->text.len;
    for (const struct mime_part *part = root; part; part = next_part(part)) {
        if (part != root)
            add_header_of(t, s, part);
        if (is_text(part))
            add_body(t, s, part);
    }
}

/* ---- the message ---- */

static struct mime_part *read_tree(struct message_text *t, struct source *s)
{
    struct mime_parser *parser = mime_parser_new();
    if (s->whole)
        mime_parser_feed(parser, s->whole, (size_t)s->size);
    for (uint64_t at = 0; !s->whole && at < s->size;) {
        struct bytes piece = octets(s, t->piece, at, PIECE);
        if (!piece.n)
            break;
        mime_parser_feed(parser, piece.p, piece.n);
        at += piece.n;
    }
    return mime_parser_finish(parser);
}

int message_text_read(struct message_text *t, int fd, uint64_t size)
{
    struct source s = {.fd = fd, .size = size};
    strbuf_clear(&t->text);
    t->header = SIZE_MAX;
    t->too_large = false;
    if (!t->piece)
        t->piece = xrealloc(NULL, PIECE, 1);
    if (size <= FILE_MAX) {
        if (!t->file)
            t->file = xrealloc(NULL, FILE_MAX, 1);
        struct bytes whole = octets(&s, t->file, 0, FILE_MAX);
        s.whole = whole.p;
        s.size = whole.n;
    }
    struct mime_part *root = read_tree(t, &s);
    add_parts(t, &s, root);
    mime_free(root);
    return s.failed ? -1 : 0;
}
