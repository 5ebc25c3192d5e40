/*
 * remote_body.h - a stored message as SMTP sends it: CRLF line ends, dots stuffed, the final dot. Pure.
 *
 * The only writer of message data: whatever stands in the store, no bare CR and no bare LF leaves it, and no
 * line of the message can end the data.
 */
#ifndef RELAY_REMOTE_BODY_H
#define RELAY_REMOTE_BODY_H

#include "base/strbuf.h"

struct body_writer {
    bool in_line; /* something of the present line is written */
};

/* Append a piece, cut anywhere. Every LF becomes CRLF, every CR goes. out grows to at most twice the piece
 * and one. */
void body_write(struct body_writer *w, struct strbuf *out, struct bytes piece);
/* Append the end: a last line end if there was none, then the dot. */
void body_end(struct body_writer *w, struct strbuf *out);

#endif
