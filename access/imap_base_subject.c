/*
 * imap_base_subject.c - see imap_base_subject.h. The steps have the numbers of RFC 5256 section 2.1. Each takes something off an end, so that
 * the whole is linear but for blobs, which are looked at once per leader.
 */
#include "access/imap_base_subject.h"

#include "base/cleanup.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* (1) runs of blanks become one space. */
static void squeeze(struct bytes in, struct strbuf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        bool blank = is_blank(in.p[i]);
        if (!blank)
            strbuf_addc(out, in.p[i]);
        else if (out->len && out->data[out->len - 1] != ' ')
            strbuf_addc(out, ' ');
    }
}

static bool ends_nocase(struct bytes b, struct bytes end)
{
    return b.n >= end.n && bytes_eq_nocase(bytes_skip(b, b.n - end.n), end);
}

/* (2) "(fwd)" and blanks at the end. */
static struct bytes drop_trailers(struct bytes b, bool *changed)
{
    for (;;) {
        if (b.n && b.p[b.n - 1] == ' ')
            b.n--;
        else if (ends_nocase(b, BYTES("(fwd)"))) {
            b.n -= 5;
            *changed = true;
        } else
            return b;
    }
}

static struct bytes skip_blanks(struct bytes b)
{
    while (b.n && *b.p == ' ')
        b = bytes_skip(b, 1);
    return b;
}

/* "[...]" with blanks behind it, without brackets inside. False: there is none. */
static bool skip_blob(struct bytes *b)
{
    size_t end = 1;
    if (!b->n || *b->p != '[')
        return false;
    while (end < b->n && b->p[end] != '[' && b->p[end] != ']')
        end++;
    if (end == b->n || b->p[end] != ']')
        return false;
    *b = skip_blanks(bytes_skip(*b, end + 1));
    return true;
}

/* "re", "fw" or "fwd", perhaps a blob, and a colon. */
static bool skip_refwd(struct bytes *b)
{
    static const struct bytes words[] = {BYTES_OF("re"), BYTES_OF("fwd"), BYTES_OF("fw")};
    size_t i = 0;
    while (i < 3 && !bytes_starts_nocase(*b, words[i]))
        i++;
    if (i == 3)
        return false;
    struct bytes rest = skip_blanks(bytes_skip(*b, words[i].n));
    skip_blob(&rest);
    if (!rest.n || *rest.p != ':')
        return false;
    *b = bytes_skip(rest, 1);
    return true;
}

/* (3) blobs and a refwd at the beginning. */
static bool drop_leader(struct bytes *b)
{
    struct bytes rest = skip_blanks(*b);
    while (skip_blob(&rest))
        ;
    return skip_refwd(&rest) && (*b = rest, true);
}

/* (3) to (5) */
static struct bytes drop_leaders(struct bytes b, bool *changed)
{
    for (;;) {
        struct bytes rest;
        b = skip_blanks(b);
        if (drop_leader(&b)) {
            *changed = true;
            continue;
        }
        rest = b;
        if (!skip_blob(&rest) || !rest.n) /* (4): what is left must not be nothing */
            return b;
        b = rest;
    }
}

bool imap_base_subject(struct bytes subject, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(out->max);
    bool changed = false;
    squeeze(subject, &text);
    struct bytes b = strbuf_bytes(&text);
    for (;;) {
        b = drop_leaders(drop_trailers(b, &changed), &changed);
        if (!bytes_starts_nocase(b, BYTES("[fwd:")) || b.p[b.n - 1] != ']')
            break;
        b = bytes_from(b.p + 5, b.n - 6); /* (6) */
        changed = true;
    }
    strbuf_addb(out, b);
    return changed;
}
