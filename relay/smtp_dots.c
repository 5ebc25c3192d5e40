/*
 * smtp_dots.c - see smtp_dots.h.
 */
#include "relay/smtp_dots.h"

enum { LINE_START, TEXT, CR, DOT, DOT_CR };

void smtp_dots_init(struct smtp_dots *d)
{
    *d = (struct smtp_dots){.state = LINE_START};
}

/* After the first bare CR or LF: every kind of line end counts. */
static void bad_byte(struct smtp_dots *d, char c)
{
    if (c == '\r' || c == '\n') {
        d->ended = d->dot;
        d->start = true;
        d->dot = false;
        return;
    }
    d->dot = d->start && c == '.';
    d->start = false;
}

/* c has just shown that a CR or an LF stands alone; where the line stood decides what a sloppy reader has
 * seen. */
static void turn_bad(struct smtp_dots *d, char c)
{
    bool after_dot = d->state == DOT || d->state == DOT_CR, after_cr = d->state == CR || d->state == DOT_CR;
    d->bad = true;
    d->dot = after_dot;
    d->start = !after_dot && (d->state == LINE_START || after_cr);
    if (after_cr)
        bad_byte(d, '\r');
    if (!d->ended)
        bad_byte(d, c);
}

static void byte(struct smtp_dots *d, char c, struct strbuf *out)
{
    switch (d->state) {
    case LINE_START:
    case TEXT:
        if (c == '\n') {
            turn_bad(d, c);
        } else if (c == '\r') {
            d->state = CR;
        } else if (c == '.' && d->state == LINE_START) {
            d->state = DOT;
        } else {
            strbuf_addc(out, c);
            d->state = TEXT;
        }
        break;
    case CR:
        if (c != '\n') {
            turn_bad(d, c);
            break;
        }
        strbuf_addc(out, '\n');
        d->state = LINE_START;
        break;
    case DOT:
        if (c == '\n') {
            turn_bad(d, c);
        } else if (c == '\r') {
            d->state = DOT_CR;
        } else {
            strbuf_addc(out, c);
            d->state = TEXT;
        }
        break;
    case DOT_CR:
        if (c == '\n')
            d->ended = true;
        else
            turn_bad(d, c);
        break;
    }
}

/* Within a line nothing happens up to the next CR or LF. */
static size_t run_length(struct bytes in)
{
    const char *cr = memchr(in.p, '\r', in.n);
    size_t n = cr ? (size_t)(cr - in.p) : in.n;
    const char *lf = memchr(in.p, '\n', n);
    return lf ? (size_t)(lf - in.p) : n;
}

size_t smtp_dots_feed(struct smtp_dots *d, struct bytes in, struct strbuf *out)
{
    size_t used = 0;
    while (used < in.n && !d->ended) {
        struct bytes rest = bytes_skip(in, used);
        size_t run = !d->bad && d->state == TEXT ? run_length(rest) : 0;
        if (run) {
            strbuf_add(out, rest.p, run);
            used += run;
        } else if (d->bad) {
            bad_byte(d, in.p[used++]);
        } else {
            byte(d, in.p[used++], out);
        }
    }
    return used;
}
