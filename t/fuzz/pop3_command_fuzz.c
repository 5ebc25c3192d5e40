/*
 * pop3_command_fuzz.c - commands of any bytes; and what is dot-stuffed in pieces comes out again when a
 * client takes the dots away.
 */
#include "access/pop3_command.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The client's side: lines up to the single dot. The octets that are left, or -1. */
static ptrdiff_t unstuff(struct bytes wire, struct strbuf *out)
{
    while (wire.n > 0) {
        size_t lf = bytes_index(wire, '\n');
        if (lf == wire.n)
            return -1;
        struct bytes line = {wire.p, lf + 1};
        wire = bytes_skip(wire, lf + 1);
        if (bytes_eq(line, BYTES(".\r\n")))
            return (ptrdiff_t)wire.n;
        strbuf_addb(out, line.p[0] == '.' ? bytes_skip(line, 1) : line);
    }
    return -1;
}

static void stuff(struct bytes text, size_t piece)
{
    struct strbuf wire = STRBUF_INIT(2 * text.n + 16), back = STRBUF_INIT(text.n + 2);
    struct pop3_stuff s = {0};
    for (struct bytes rest = text; rest.n > 0; rest = bytes_skip(rest, piece))
        pop3_stuff(&s, bytes_from(rest.p, rest.n < piece ? rest.n : piece), &wire);
    pop3_stuff_end(&s, &wire);
    if (unstuff(strbuf_bytes(&wire), &back) != 0 || back.len < text.n || memcmp(back.data, text.p, text.n))
        abort();
    strbuf_done(&wire);
    strbuf_done(&back);
}

static size_t top(struct bytes text, uint32_t lines, size_t piece)
{
    struct pop3_top t = {.lines_left = lines};
    size_t used = 0;
    for (struct bytes rest = text; rest.n > 0 && !t.done; rest = bytes_skip(rest, piece))
        used += pop3_top(&t, bytes_from(rest.p, rest.n < piece ? rest.n : piece));
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pop3_command command;
    if (n < 2)
        return 0;
    struct bytes text = bytes_from(data + 2, n - 2);
    size_t piece = data[0] + 1u;
    pop3_parse(text, &command);
    /* a file in wire form has no bare LF; where one stands nothing is promised about the dots */
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
            return 0;
    stuff(text, piece);
    if (top(text, data[1], piece) != top(text, data[1], text.n + 1))
        abort();
    return 0;
}
