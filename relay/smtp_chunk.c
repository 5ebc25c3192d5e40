/*
 * smtp_chunk.c - see smtp_chunk.h.
 */
#include "relay/smtp_chunk.h"

/* A piece without LF, but for the CR at its end. */
static void add_text(struct smtp_chunk *c, struct bytes text, struct strbuf *out)
{
    if (c->cr && text.n)
        c->bad = true;
    c->cr = c->cr || (text.n && text.p[text.n - 1] == '\r');
    if (text.n && text.p[text.n - 1] == '\r')
        text.n--;
    if (text.n && memchr(text.p, '\r', text.n))
        c->bad = true;
    c->in_line |= text.n > 0;
    strbuf_addb(out, text);
}

void smtp_chunk_feed(struct smtp_chunk *c, struct bytes in, bool last, struct strbuf *out)
{
    while (in.n && !c->bad) {
        size_t n = bytes_index(in, '\n');
        bool lf = n < in.n;
        add_text(c, bytes_from(in.p, n), out);
        in = bytes_skip(in, lf ? n + 1 : n);
        if (!lf)
            break;
        c->bad |= !c->cr;
        c->cr = c->in_line = false;
        strbuf_addc(out, '\n');
    }
    if (last)
        c->bad |= c->cr;
    if (last && c->in_line)
        strbuf_addc(out, '\n');
}
