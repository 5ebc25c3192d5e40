/*
 * message_header.c - the fields of a header block (RFC 5322 2.2, 3.6.8), one after the other, and their
 * unfolding.
 *
 * A line that is no field does not end the header, only an empty line does: the "From " of an mbox or a
 * broken field in the middle costs nothing but itself. A name is printable ASCII without blanks; blanks
 * between name and colon are allowed (RFC 5322 4.5).
 */
#include "maildir/message.h"

#include "base/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Octets of the first line with its line end. */
static size_t line_length(struct bytes b)
{
    size_t lf = bytes_index(b, '\n');
    return lf < b.n ? lf + 1 : b.n;
}

/* Without the line end that it may have. */
static struct bytes chomp(struct bytes b)
{
    if (b.n && b.p[b.n - 1] == '\n') {
        b.n--;
        if (b.n && b.p[b.n - 1] == '\r')
            b.n--;
    }
    return b;
}

static bool is_name(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] <= ' ' || b.p[i] > '~')
            return false;
    return b.n > 0;
}

bool header_next(struct bytes *rest, struct header_field *field)
{
    size_t n = line_length(*rest);
    struct bytes line = chomp((struct bytes){rest->p, n});
    if (line.n == 0)
        return false;
    while (n < rest->n && is_blank(rest->p[n]))
        n += line_length(bytes_skip(*rest, n));
    field->whole = (struct bytes){rest->p, n};
    *rest = bytes_skip(*rest, n);
    field->value = chomp(field->whole);
    size_t colon = bytes_index(line, ':');
    field->name = (struct bytes){line.p, colon};
    while (field->name.n && is_blank(line.p[field->name.n - 1]))
        field->name.n--;
    if (colon < line.n && is_name(field->name))
        field->value = bytes_skip(field->value, colon + 1);
    else
        field->name.n = 0;
    return true;
}

bool header_find(struct bytes block, const char *name, struct header_field *field)
{
    struct bytes wanted = bytes_of(name);
    while (header_next(&block, field))
        if (bytes_eq_nocase(field->name, wanted))
            return true;
    return false;
}

/* Length of the line end at b[i], or 0. */
static size_t line_end_at(struct bytes b, size_t i)
{
    if (b.p[i] == '\n')
        return 1;
    return b.p[i] == '\r' && i + 1 < b.n && b.p[i + 1] == '\n' ? 2 : 0;
}

/* But TAB. */
static const bool control[256] = {
    [0 ... '\t' - 1] = true,
    ['\t' + 1 ... ' ' - 1] = true,
    [0x7f] = true,
};

static bool is_control(char c)
{
    return control[(unsigned char)c];
}

struct bytes header_text(struct strbuf *scratch, struct bytes value)
{
    size_t i = 0;
    while (i < value.n && !is_control(value.p[i]))
        i++;
    if (i == value.n)
        return bytes_trim(value);
    strbuf_clear(scratch);
    header_unfold(scratch, value);
    return strbuf_bytes(scratch);
}

void header_unfold(struct strbuf *out, struct bytes value)
{
    size_t start = out->len;
    for (size_t i = 0; i < value.n;) {
        size_t run = i;
        while (run < value.n && !is_control(value.p[run]))
            run++;
        struct bytes text = {value.p + i, run - i};
        while (out->len == start && text.n && is_blank(text.p[0]))
            text = bytes_skip(text, 1);
        strbuf_addb(out, text);
        if (run == value.n)
            break;
        size_t end = line_end_at(value, run);
        i = run + (end ? end : 1);
        if (!(end && i < value.n && is_blank(value.p[i])) && out->len > start)
            strbuf_addc(out, ' ');
    }
    while (out->len > start && is_blank(out->data[out->len - 1]))
        strbuf_truncate(out, out->len - 1);
}
