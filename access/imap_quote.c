/*
 * imap_quote.c - strings of IMAP's answers. Printable ASCII is quoted; 8-bit text, control characters and
 * very long strings are literals, which every client reads (RFC 3501 allows no 8-bit octets in quoted
 * strings).
 */
#include "access/imap_quote.h"

enum { QUOTED_MAX = 4096 }; /* clients read lines into buffers */

/* What stands for itself between quotation marks: TAB and printable ASCII but " and \. */
static const bool plain[256] = {
    ['\t'] = true,
    [' ' ... '!'] = true,
    ['#' ... '['] = true,
    [']' ... '~'] = true,
};

static size_t plain_length(struct bytes s)
{
    size_t i = 0;
    while (i < s.n && plain[(unsigned char)s.p[i]])
        i++;
    return i;
}

/* false, and nothing is appended: it holds what cannot be quoted. */
static bool add_quoted(struct strbuf *out, struct bytes s)
{
    size_t before = out->len;
    strbuf_addc(out, '"');
    for (;;) {
        size_t n = plain_length(s);
        strbuf_add(out, s.p, n);
        if (n == s.n)
            break;
        if (s.p[n] != '"' && s.p[n] != '\\') {
            strbuf_truncate(out, before);
            return false;
        }
        strbuf_addc(out, '\\');
        strbuf_addc(out, s.p[n]);
        s = bytes_skip(s, n + 1);
    }
    strbuf_addc(out, '"');
    return true;
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
    if (s.n > QUOTED_MAX || !add_quoted(out, s))
        add_literal(out, s);
}

void imap_nil(struct strbuf *out)
{
    strbuf_adds(out, "NIL");
}

void imap_nstring(struct strbuf *out, struct bytes s)
{
    if (s.p)
        imap_string(out, s);
    else
        imap_nil(out);
}
