/*
 * smtp_dots.h - the end of DATA, strictly: CR LF . CR LF and nothing else. Pure.
 *
 * Lines come out with LF, the leading dot of stuffed lines is taken away (RFC 5321 4.5.2). A bare CR or LF
 * makes the message `bad`: from then on nothing comes out, and what any other server could take for the end,
 * in whatever line ends, ends it, so that the two sides can never disagree about where the next command
 * starts (the connection must be closed after a bad message).
 */
#ifndef RELAY_SMTP_DOTS_H
#define RELAY_SMTP_DOTS_H

#include "base/strbuf.h"

struct smtp_dots {
    int state;
    bool bad; /* a bare CR or LF was seen */
    bool ended;
    bool dot;   /* bad: the current line is a lone dot so far */
    bool start; /* bad: at the start of a line */
};

void smtp_dots_init(struct smtp_dots *d);
/* Feed bytes; returns how many belong to the message (all, unless it ended). Text is appended to out, which
 * needs room for as many. */
size_t smtp_dots_feed(struct smtp_dots *d, struct bytes in, struct strbuf *out);

#endif
