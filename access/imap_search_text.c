/*
 * imap_search_text.c - finding a string in header fields as people read them: encoded words and character sets undone, without regard to case.
 * Bodies and whole headers: imap_text.c.
 */
#include "access/imap_cache.h"
#include "access/imap_search.h"

#include "base/text.h"

#define SHORT_VALUE 1024       /* octets of a header field that need no memory */
#define DECODED_MAX (16 << 20) /* octets that one header field may become */

static bool contains(const struct strbuf *hay, struct bytes needle)
{
    return needle.n == 0 || memmem(hay->data, hay->len, needle.p, needle.n) != NULL;
}

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

static bool field_contains(void *arg, struct bytes value)
{
    const struct bytes *needle = arg;
    return value_contains(value, *needle);
}

bool imap_search_in_field(struct imap_message *m, struct bytes name, struct bytes needle)
{
    return imap_cache_each(m, name, field_contains, &needle);
}
