/*
 * message_collate.c - text as SORT compares it: the collation i;unicode-casemap (RFC 5051).
 */
#include "maildir/message.h"

#include "base/text.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

/* One character in title case, decomposed. */
static void collate_character(struct strbuf *out, ucs4_t c)
{
    uint32_t title = uc_totitle(c), room[32];
    size_t n = sizeof(room) / sizeof(*room);
    uint32_t *parts = u32_normalize(UNINORM_NFKD, &title, 1, room, &n);
    for (size_t i = 0; parts && i < n; i++)
        utf8_add(out, parts[i]);
    if (parts != room)
        free(parts);
}

void text_collate(struct strbuf *out, struct bytes utf8)
{
    for (size_t at = 0; at < utf8.n;) {
        if ((unsigned char)utf8.p[at] < 0x80) {
            strbuf_addc(out, ascii_upper(utf8.p[at++]));
            continue;
        }
        int32_t c = utf8_next(utf8, &at);
        collate_character(out, c < 0 ? 0xfffd : (ucs4_t)c);
    }
}
