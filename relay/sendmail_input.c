/*
 * sendmail_input.c - line ends and the lone dot. See sendmail_input.h.
 */
#include "relay/sendmail_input.h"

/* A dot at the start of a line is held back until the next octet tells whether it is alone. */
static void add_char(struct input_filter *f, struct strbuf *out, char c)
{
    if (f->dot && c == '\n') {
        f->ended = true;
        f->dot = false;
        return;
    }
    if (f->dot)
        strbuf_addc(out, '.');
    f->dot = !f->dot && c == '.' && !f->in_line && !f->ignore_dots;
    f->in_line = c != '\n';
    if (!f->dot)
        strbuf_addc(out, c);
}

void input_filter_add(struct input_filter *f, struct strbuf *out, struct bytes piece)
{
    for (size_t i = 0; i < piece.n && !f->ended; i++) {
        char c = piece.p[i];
        if (f->cr && c != '\n')
            add_char(f, out, '\r');
        f->cr = c == '\r';
        if (!f->cr)
            add_char(f, out, c);
    }
}

void input_filter_end(struct input_filter *f, struct strbuf *out)
{
    if (f->ended)
        return;
    if (f->cr)
        add_char(f, out, '\r');
    if (f->dot) /* ".": at the very end it is alone too */
        f->ended = true;
    else if (f->in_line)
        strbuf_addc(out, '\n');
}
