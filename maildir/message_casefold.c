/*
 * message_casefold.c - text without case, as SEARCH compares it.
 */
#include "maildir/message.h"

#include "base/text.h"
#include "maildir/message_charset.h"

#include <stdlib.h>
#include <unicase.h>

/* Append the folded form of well-formed UTF-8. */
static void fold_unicode(struct strbuf *out, struct bytes b)
{
    uint8_t room[512];
    size_t n = sizeof(room);
    uint8_t *folded = u8_casefold((const uint8_t *)b.p, b.n, NULL, NULL, room, &n);
    if (folded)
        strbuf_add(out, folded, n);
    else
        strbuf_addb(out, b);
    if (folded != room)
        free(folded);
}

static size_t other_run(struct bytes b)
{
    size_t i = 0;
    while (i < b.n && (unsigned char)b.p[i] >= 0x80)
        i++;
    return i;
}

static void fold_ascii(struct strbuf *out, struct bytes b)
{
    char *to = strbuf_room(out, b.n);
    if (!to)
        return;
    ascii_fold(to, b);
    strbuf_extend(out, b.n);
}

/* Folding looks at each character alone, so that runs of ASCII need not go the long way. */
void text_casefold(struct strbuf *out, struct bytes utf8)
{
    AUTO_STRBUF struct strbuf scrubbed = STRBUF_INIT(SIZE_MAX / 4);
    if (!utf8_valid(utf8)) {
        struct charset c;
        charset_open(&c, NULL);
        charset_feed(&c, utf8, &scrubbed);
        charset_close(&c, &scrubbed);
        utf8 = strbuf_bytes(&scrubbed);
    }
    for (size_t i = 0; i < utf8.n;) {
        size_t n = ascii_run(bytes_skip(utf8, i));
        fold_ascii(out, (struct bytes){utf8.p + i, n});
        i += n;
        n = other_run(bytes_skip(utf8, i));
        if (n)
            fold_unicode(out, (struct bytes){utf8.p + i, n});
        i += n;
    }
}
