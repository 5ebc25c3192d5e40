/*
 * imap_search_text.c - finding a string in headers and bodies as people read them: transfer encodings,
 * encoded words and character sets undone, without regard to case.
 *
 * A body is decoded piece by piece. So that a string is found across the border of two pieces, the last
 * octets of what was folded (one fewer than the string has) stay in front of the next piece.
 */
#include "access/imap_cache.h"
#include "access/imap_search.h"

#include "base/fs.h"
#include "base/text.h"

#include <stdlib.h>
#include <strings.h>

#define PIECE       32768
#define SHORT_VALUE 1024       /* octets of a header field that need no memory */
#define DECODED_MAX (16 << 20) /* octets that one piece or one header field may become */

static bool contains(const struct strbuf *hay, struct bytes needle)
{
    return needle.n == 0 || memmem(hay->data, hay->len, needle.p, needle.n) != NULL;
}

/* ---- headers ---- */

/* Most values are ASCII without encoded words: nothing is to be decoded. */
static bool is_plain(struct bytes value)
{
    return text_is_ascii(value) && !memmem(value.p, value.n, "=?", 2);
}

static bool value_contains(struct bytes value, struct bytes needle)
{
    char room[SHORT_VALUE], folded_room[SHORT_VALUE];
    AUTO_STRBUF struct strbuf decoded = STRBUF_LENT(room, DECODED_MAX);
    AUTO_STRBUF struct strbuf folded = STRBUF_LENT(folded_room, DECODED_MAX);
    struct bytes text;
    if (is_plain(value))
        text = header_text(&decoded, value);
    else {
        header_decode(&decoded, value);
        text = strbuf_bytes(&decoded);
    }
    text_casefold(&folded, text);
    return contains(&folded, needle);
}

static bool name_contains(struct bytes name, struct bytes needle)
{
    AUTO_STRBUF struct strbuf folded = STRBUF_INIT(DECODED_MAX);
    if (!text_is_ascii(name))
        return false;
    text_casefold(&folded, name);
    strbuf_addc(&folded, ':');
    return contains(&folded, needle);
}

static bool block_contains(struct bytes block, struct bytes needle)
{
    struct header_field field;
    while (header_next(&block, &field)) {
        if (name_contains(field.name, needle) || value_contains(field.value, needle))
            return true;
    }
    return false;
}

static bool field_contains(void *arg, struct bytes value)
{
    const struct bytes *needle = arg;
    return value_contains(value, *needle);
}

bool imap_search_in_field(struct imap_message *m, struct bytes name, struct bytes needle)
{
    return imap_cache_each(m, name, field_contains, &needle);
}

bool imap_search_in_header(struct imap_message *m, struct bytes needle)
{
    const struct strbuf *header = imap_message_header(m);
    return header && block_contains(strbuf_bytes(header), needle);
}

/* ---- bodies ---- */

struct scan {
    struct message_decoder *decoder;
    struct strbuf decoded, window;
    struct bytes needle;
};

/* Look at what has been decoded; then forget all but what a match may begin in. */
static bool look(struct scan *s)
{
    text_casefold(&s->window, strbuf_bytes(&s->decoded));
    strbuf_clear(&s->decoded);
    if (contains(&s->window, s->needle))
        return true;
    size_t keep = s->needle.n - 1;
    if (s->window.len > keep)
        strbuf_consume(&s->window, s->window.len - keep);
    return false;
}

static bool scan_part(struct scan *s, int fd, const struct mime_part *part)
{
    char *piece = xcalloc(1, PIECE);
    uint64_t at = part->body_start;
    bool found = false;
    while (at < part->body_end && !found) {
        size_t n = part->body_end - at < PIECE ? (size_t)(part->body_end - at) : PIECE;
        ssize_t got = fs_pread_all(fd, piece, n, (off_t)at);
        if (got <= 0)
            break;
        message_decoder_feed(s->decoder, bytes_from(piece, (size_t)got), &s->decoded);
        found = look(s);
        at += (uint64_t)got;
    }
    message_decoder_finish(s->decoder, &s->decoded);
    free(piece);
    return found || look(s);
}

static bool part_contains(struct imap_message *m, const struct mime_part *part, struct bytes needle)
{
    struct scan s = {.needle = needle};
    strbuf_init(&s.decoded, DECODED_MAX);
    strbuf_init(&s.window, DECODED_MAX);
    s.decoder = message_decoder_new(part->encoding, mime_param(part->params, part->nparams, "charset"), true);
    bool found = scan_part(&s, m->fd, part);
    strbuf_done(&s.decoded);
    strbuf_done(&s.window);
    return found;
}

static bool is_text(const struct mime_part *part)
{
    return !part->multipart && !part->rfc822 &&
           (strcasecmp(part->type, "text") == 0 || strcasecmp(part->type, "message") == 0);
}

static bool part_header_contains(struct imap_message *m, const struct mime_part *part, struct bytes needle)
{
    AUTO_STRBUF struct strbuf block = STRBUF_INIT(MESSAGE_HEADER_MAX);
    return imap_message_part_header(m, part, &block) == 0 && block_contains(strbuf_bytes(&block), needle);
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

bool imap_search_in_body(struct imap_message *m, struct bytes needle)
{
    const struct mime_part *root = imap_message_tree(m);
    if (!root)
        return false;
    if (needle.n == 0)
        return true;
    for (const struct mime_part *part = root; part; part = next_part(part)) {
        if (part != root && part_header_contains(m, part, needle))
            return true;
        if (is_text(part) && part_contains(m, part, needle))
            return true;
    }
    return false;
}
