/*
 * address.c - see address.h. Every byte is accounted for by the grammar: no control character, no 8-bit
 * octet (in address_path_utf8: nothing but UTF-8 of visible characters), no bracket or blank outside quotes comes
 * through, so that an address can never become syntax further on.
 */
#include "relay/address.h"

#include "base/text.h"

/* Of a character beyond ASCII; which ones is looked at in the end. */
static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_atext(char c)
{
    return ascii_alnum(c) || is_high(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_atom(struct bytes b)
{
    if (!b.n || b.p[0] == '.' || b.p[b.n - 1] == '.')
        return false;
    for (size_t i = 0; i < b.n; i++)
        if (!is_atext(b.p[i]) && !(b.p[i] == '.' && b.p[i - 1] != '.'))
            return false;
    return true;
}

/* The content of a quoted string, unescaped; in stands behind the opening quote. */
static const char *quoted_content(struct bytes *in, struct strbuf *content)
{
    for (; in->n && in->p[0] != '"'; *in = bytes_skip(*in, 1)) {
        if (in->p[0] == '\\')
            *in = bytes_skip(*in, 1);
        if (!in->n || ((in->p[0] < ' ' || in->p[0] > '~') && !is_high(in->p[0])))
            return "a quoted local part holds printable ASCII only";
        if (!strbuf_addc(content, in->p[0]))
            return "the local part is longer than 64 octets";
    }
    if (!in->n)
        return "the quoted local part does not end";
    *in = bytes_skip(*in, 1);
    return NULL;
}

static void add_quoted(struct strbuf *out, struct bytes content)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < content.n; i++) {
        if (content.p[i] == '"' || content.p[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, content.p[i]);
    }
    strbuf_addc(out, '"');
}

static const char *quoted_local(struct bytes *in, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf content = STRBUF_INIT(ADDRESS_LOCAL_MAX);
    const char *wrong = quoted_content(in, &content);
    if (wrong)
        return wrong;
    if (!content.len)
        return "the local part is empty";
    if (is_dot_atom(strbuf_bytes(&content)))
        strbuf_addb(out, strbuf_bytes(&content));
    else
        add_quoted(out, strbuf_bytes(&content));
    return NULL;
}

static const char *plain_local(struct bytes *in, struct strbuf *out)
{
    size_t n = 0;
    while (n < in->n && (is_atext(in->p[n]) || in->p[n] == '.'))
        n++;
    struct bytes local = bytes_from(in->p, n);
    *in = bytes_skip(*in, n);
    if (n > (bytes_starts_nocase(local, BYTES("SRS")) ? ADDRESS_SRS_MAX : ADDRESS_LOCAL_MAX))
        return "the local part is longer than 64 octets";
    if (!is_dot_atom(local))
        return "the local part is empty or has a character that must be quoted";
    strbuf_addb(out, local);
    return NULL;
}

static bool is_domain(struct bytes b)
{
    size_t label = 0;
    for (size_t i = 0; i < b.n; i++) {
        char c = b.p[i];
        if (c == '.' ? !label || b.p[i - 1] == '-'
                     : !(ascii_alnum(c) || is_high(c) || c == '_' || (c == '-' && label)))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0 && b.p[b.n - 1] != '-';
}

static bool is_literal(struct bytes b)
{
    if (b.n < 3 || b.p[0] != '[' || b.p[b.n - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < b.n; i++)
        if (!ascii_alnum(b.p[i]) && b.p[i] != '.' && b.p[i] != ':')
            return false;
    return true;
}

/* Up to the closing bracket. */
static const char *domain(struct bytes *in, struct strbuf *out)
{
    size_t n = bytes_index(*in, '>');
    struct bytes name = bytes_from(in->p, n);
    *in = bytes_skip(*in, n);
    if (n > ADDRESS_DOMAIN_MAX)
        return "the domain is longer than 255 octets";
    if (n && name.p[n - 1] == '.')
        name.n--;
    if (!is_domain(name) && !is_literal(name))
        return "the domain is malformed";
    strbuf_addc(out, '@');
    for (size_t i = 0; i < name.n; i++)
        strbuf_addc(out, ascii_lower(name.p[i]));
    return NULL;
}

/* "@one,@two:" in front of the mailbox (RFC 5321 appendix C: ignored). */
static const char *skip_route(struct bytes *in)
{
    if (!in->n || in->p[0] != '@')
        return NULL;
    size_t n = bytes_index(*in, ':');
    if (n == in->n || n > ADDRESS_ROUTE_MAX)
        return "the source route is malformed";
    for (size_t i = 0; i < n; i++)
        if (!ascii_alnum(in->p[i]) && !strchr("@,.-[]", in->p[i]))
            return "the source route is malformed";
    *in = bytes_skip(*in, n + 1);
    return NULL;
}

static const char *any_path(struct bytes *in, struct strbuf *out)
{
    const char *wrong;
    if (!in->n || in->p[0] != '<')
        return "an address stands in angle brackets: <user@example.org>";
    *in = bytes_skip(*in, 1);
    if (in->n && in->p[0] == '>') {
        *in = bytes_skip(*in, 1);
        return NULL;
    }
    if ((wrong = skip_route(in)))
        return wrong;
    if (in->n && in->p[0] == '"') {
        *in = bytes_skip(*in, 1);
        wrong = quoted_local(in, out);
    } else {
        wrong = plain_local(in, out);
    }
    if (!wrong && in->n && in->p[0] == '@') {
        *in = bytes_skip(*in, 1);
        wrong = domain(in, out);
    }
    if (wrong)
        return wrong;
    if (!in->n || in->p[0] != '>')
        return "the address does not end in >";
    *in = bytes_skip(*in, 1);
    return out->overflow ? "the address is too long" : NULL;
}

/* RFC 6531 3.3, without what could pass for a blank or for the end of a line. */
static bool is_visible(struct bytes path)
{
    if (!utf8_valid(path))
        return false;
    for (size_t at = 0; at < path.n;) {
        int32_t c = utf8_next(path, &at);
        if ((c >= 0x80 && c <= 0xa0) || c == 0xad || (c >= 0x2000 && c <= 0x200f) ||
            (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff ||
            (c & 0xfffe) == 0xfffe)
            return false;
    }
    return true;
}

const char *address_path_utf8(struct bytes *in, struct strbuf *out)
{
    size_t start = out->len;
    const char *wrong = any_path(in, out);
    if (wrong)
        return wrong;
    return is_visible(bytes_skip(strbuf_bytes(out), start))
               ? NULL
               : "the address is not UTF-8 of visible characters";
}

const char *address_path(struct bytes *in, struct strbuf *out)
{
    size_t start = out->len;
    const char *wrong = any_path(in, out);
    for (size_t i = start; !wrong && i < out->len; i++)
        if (is_high(out->data[i]))
            wrong = "the address is not in ASCII, and SMTPUTF8 was not said";
    return wrong;
}

struct bytes address_domain(struct bytes path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '@')
            return bytes_skip(path, i + 1);
    return BYTES("");
}
