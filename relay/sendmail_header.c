/*
 * sendmail_header.c - Bcc goes, From, Date and Message-ID come. See sendmail_header.h.
 *
 * A bare CR or a NUL in the header becomes a space: what another program takes for a line end would let
 * whoever wrote a Subject write fields too.
 */
#include "relay/sendmail_header.h"

#include "maildir/message.h"

struct seen {
    bool from, date, message_id, resent;
};

static bool named(const struct header_field *f, const char *name)
{
    return bytes_eq_nocase(f->name, bytes_of(name));
}

static bool is_recipients(const struct header_field *f, bool resent)
{
    static const char *const names[2][3] = {{"To", "Cc", "Bcc"}, {"Resent-To", "Resent-Cc", "Resent-Bcc"}};
    for (size_t i = 0; i < 3; i++)
        if (named(f, names[resent][i]))
            return true;
    return false;
}

static bool is_dropped(const struct header_field *f)
{
    return named(f, "Bcc") || named(f, "Resent-Bcc") || named(f, "Return-Path");
}

/* The next field, over a leading "From " line; false at the header's end. */
static bool next(struct bytes *rest, bool first, struct header_field *f)
{
    if (first && rest->n >= 5 && !memcmp(rest->p, "From ", 5))
        *rest = bytes_skip(*rest, bytes_index(*rest, '\n') + 1);
    struct bytes before = *rest;
    if (header_next(rest, f) && f->name.n)
        return true;
    *rest = before;
    return false;
}

static struct seen look(struct bytes in)
{
    struct seen seen = {.from = false};
    struct header_field f;
    for (bool first = true; next(&in, first, &f); first = false) {
        seen.from |= named(&f, "From");
        seen.date |= named(&f, "Date");
        seen.message_id |= named(&f, "Message-ID");
        seen.resent |= is_recipients(&f, true);
    }
    return seen;
}

static void add_field(struct strbuf *out, struct bytes whole)
{
    size_t start = out->len;
    strbuf_addb(out, whole);
    for (size_t i = start; i < out->len; i++)
        if (out->data[i] == '\r' || out->data[i] == '\0')
            out->data[i] = ' ';
    if (out->len > start && out->data[out->len - 1] != '\n')
        strbuf_addc(out, '\n');
}

/* The name as a quoted string, if it needs to be. */
static void add_from(struct strbuf *out, const struct header_fill *fill)
{
    const char *name = fill->from_name;
    if (!name || !*name) {
        strbuf_addf(out, "From: %s\n", fill->from_address);
        return;
    }
    strbuf_adds(out, "From: \"");
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, (unsigned char)*name < ' ' || *name == 127 ? ' ' : *name);
    }
    strbuf_addf(out, "\" <%s>\n", fill->from_address);
}

ssize_t header_rewrite(struct bytes in, const struct header_fill *fill, struct addresses *collect,
                       struct strbuf *out)
{
    struct seen seen = look(in);
    struct bytes rest = in;
    struct header_field f;
    if (!seen.from)
        add_from(out, fill);
    if (!seen.date)
        strbuf_addf(out, "Date: %s\n", fill->date);
    if (!seen.message_id)
        strbuf_addf(out, "Message-ID: %s\n", fill->message_id);
    for (bool first = true; next(&rest, first, &f); first = false) {
        if (collect && is_recipients(&f, seen.resent) && !addresses_add(collect, f.value))
            return -1;
        if (!is_dropped(&f))
            add_field(out, f.whole);
    }
    strbuf_addc(out, '\n');
    bool empty_line = rest.n && rest.p[0] == '\n';
    return (ssize_t)(in.n - rest.n + empty_line);
}
