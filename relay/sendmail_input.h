/*
 * sendmail_input.h - standard input of the sendmail command, as lines ending in LF. Pure but for reading.
 */
#ifndef RELAY_SENDMAIL_INPUT_H
#define RELAY_SENDMAIL_INPUT_H

#include "base/strbuf.h"

/* CRLF to LF, and the end at a line with one dot alone. Pieces may be cut anywhere. */
struct input_filter {
    bool ignore_dots;      /* a dot alone is text */
    bool ended;            /* that line was seen: the rest is not read */
    bool cr, in_line, dot; /* where the last piece stopped */
};

/* Append what a piece comes to. */
void input_filter_add(struct input_filter *f, struct strbuf *out, struct bytes piece);
/* End of input: what was held back. */
void input_filter_end(struct input_filter *f, struct strbuf *out);

#endif
