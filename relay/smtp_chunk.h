/*
 * smtp_chunk.h - what BDAT carries (RFC 3030): lines ending in CR LF to lines ending in LF, cut anywhere. Pure.
 *
 * BINARYMIME is not offered, so a chunk holds text: a bare CR or LF is as wrong here as behind DATA.
 */
#ifndef RELAY_SMTP_CHUNK_H
#define RELAY_SMTP_CHUNK_H

#include "base/strbuf.h"

#include <stdbool.h>

struct smtp_chunk {
    bool cr;      /* the last octet was one, and its LF is still to come */
    bool in_line; /* something has been written since the last LF */
    bool bad;     /* a CR or LF stood alone: out is worth nothing */
};

/* Append the text to out. last: the message ends behind in; it then ends in LF. */
void smtp_chunk_feed(struct smtp_chunk *c, struct bytes in, bool last, struct strbuf *out);

#endif
