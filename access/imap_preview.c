/*
 * imap_preview.c - see imap_preview.h: which part of a message it is made of, and how it is kept in the index. Words: imap_preview_text.c.
 */
#include "access/imap_preview.h"

#include "access/imap_cache.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define READ_MAX    ((size_t)64 << 10) /* octets of the part that are looked at */
#define DECODED_MAX (4 << 20)

static const struct mime_part *next_part(const struct mime_part *part)
{
    if (part->first_child)
        return part->first_child;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

static bool is_text(const struct mime_part *part, const char *subtype)
{
    return !part->multipart && !part->rfc822 && !strcasecmp(part->type, "text") &&
           !strcasecmp(part->subtype, subtype) &&
           !(part->disposition && !strcasecmp(part->disposition, "attachment"));
}

/* The first plain text, else the first in HTML. */
static const struct mime_part *choose(const struct mime_part *root)
{
    static const char *const kinds[] = {"plain", "html", "enriched"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (const struct mime_part *part = root; part; part = next_part(part))
            if (is_text(part, kinds[i]) && part->body_end > part->body_start)
                return part;
    return NULL;
}

static int read_words(struct imap_message *m, const struct mime_part *part, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf decoded = STRBUF_INIT(DECODED_MAX);
    uint64_t size = part->body_end - part->body_start;
    size_t n = size < READ_MAX ? (size_t)size : READ_MAX;
    AUTO_FREE char *octets = xrealloc(NULL, n + 1, 1);
    ssize_t got = fs_pread_all(m->fd, octets, n, (off_t)part->body_start);
    if (got < 0)
        return err_errno(&m->err, errno, "message with UID %u", m->uid);
    struct message_decoder *decoder =
        message_decoder_new(part->encoding, mime_param(part->params, part->nparams, "charset"), true);
    message_decoder_feed(decoder, bytes_from(octets, (size_t)got), &decoded);
    message_decoder_finish(decoder, &decoded);
    imap_preview_text(strbuf_bytes(&decoded), strcasecmp(part->subtype, "plain") != 0, out);
    return 0;
}

int imap_preview(struct imap_message *m, bool lazy, bool *known, struct strbuf *out)
{
    struct imap_cached cached;
    *known = imap_cache_preview(m, out);
    if (*known || lazy)
        return 0;
    const struct mime_part *root = imap_message_tree(m);
    const struct mime_part *part = root ? choose(root) : NULL;
    size_t at = out->len;
    if (!root || (part && read_words(m, part, out)))
        return -1;
    *known = true;
    if (imap_cache_get(m, true, &cached)) /* it goes along with the rest */
        imap_cache_put_preview(m, bytes_from(out->data + at, out->len - at));
    return 0;
}
