/*
 * remote_body.c - dot-stuffing and line ends. See remote_body.h.
 */
#include "relay/remote_body.h"

static void write_part(struct body_writer *w, struct strbuf *out, struct bytes part)
{
    struct bytes rest = part;
    while (rest.p) {
        struct bytes run = bytes_split(&rest, '\r');
        if (!run.n)
            continue;
        if (!w->in_line && run.p[0] == '.')
            strbuf_addc(out, '.');
        strbuf_addb(out, run);
        w->in_line = true;
    }
}

void body_write(struct body_writer *w, struct strbuf *out, struct bytes piece)
{
    while (piece.n) {
        size_t n = bytes_index(piece, '\n');
        write_part(w, out, bytes_from(piece.p, n));
        if (n == piece.n)
            return;
        strbuf_adds(out, "\r\n");
        w->in_line = false;
        piece = bytes_skip(piece, n + 1);
    }
}

void body_end(struct body_writer *w, struct strbuf *out)
{
    strbuf_adds(out, w->in_line ? "\r\n.\r\n" : ".\r\n");
    w->in_line = false;
}
