/*
 * imap_quote.c - strings of IMAP's answers. Printable ASCII is quoted; 8-bit text, control characters and
 * very long strings are literals, which every client reads (RFC 3501 allows no 8-bit octets in quoted
 * strings).
 */
#include "access/imap_quote.h"

enum { QUOTED_MAX = 4096 }; /* clients read lines into buffers */

static bool can_be_quoted(struct bytes s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] > '~') /* 8-bit octets are one or the other */
            return false;
    return s.n <= QUOTED_MAX;
}

static void add_quoted(struct strbuf *out, struct bytes s)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, s.p[i]);
    }
    strbuf_addc(out, '"');
}

static void add_literal(struct strbuf *out, struct bytes s)
{
    strbuf_addf(out, "{%zu}\r\n", s.n);
    size_t from = out->len;
    strbuf_addb(out, s);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\0')
            out->data[i] = ' ';
}

void imap_string(struct strbuf *out, struct bytes s)
{
    if (can_be_quoted(s))
        add_quoted(out, s);
    else
        add_literal(out, s);
}

void imap_nstring(struct strbuf *out, const char *s)
{
    if (s)
        imap_string(out, bytes_of(s));
    else
        strbuf_adds(out, "NIL");
}
