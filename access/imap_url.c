/*
 * imap_url.c - see imap_url.h.
 *
 * A message's URL is a path whose steps are parameters: the mailbox with its UIDVALIDITY, then UID, SECTION, PARTIAL in this order.
 * The mailbox's name may hold "/" itself, so it ends where "/;UID=" begins. Octets are percent-encoded; what an encoding hides
 * (%3B for ";") is no structure. Controls are refused in any form: the section is read by IMAP's own parser later.
 */
#include "access/imap_url.h"

#include "base/text.h"

static bool decode(struct strbuf *out, struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            char octet[2] = {0};
            struct strbuf one = {.data = octet, .size = sizeof(octet), .max = 1};
            if (in.n - i < 3 || !hex_decode(&one, bytes_from(in.p + i + 1, 2)))
                return false;
            c = octet[0];
            i += 2;
        }
        if ((unsigned char)c < ' ' || c == 0x7f || !strbuf_addc(out, c))
            return false;
    }
    return true;
}

/* Where "/;UID=" or (at the beginning) ";UID=" stands in the path. */
static size_t find_uid(struct bytes path)
{
    struct bytes key = BYTES(";UID=");
    for (size_t i = 0; i < path.n; i++) {
        if ((i == 0 || path.p[i - 1] == '/') && bytes_starts_nocase(bytes_skip(path, i), key))
            return i;
    }
    return path.n;
}

static bool read_number(struct bytes text, uint64_t min, uint32_t *number)
{
    uint64_t value;
    if (!bytes_to_u64(text, UINT32_MAX, &value) || value < min)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* "Drafts;UIDVALIDITY=3", without slashes around it. */
static bool read_mailbox(struct imap_url *url, struct bytes text)
{
    size_t semicolon = bytes_index(text, ';');
    struct bytes key = BYTES(";UIDVALIDITY="), parameter = bytes_skip(text, semicolon);
    if (parameter.n && (!bytes_starts_nocase(parameter, key) ||
                        !read_number(bytes_skip(parameter, key.n), 1, &url->uidvalidity)))
        return false;
    return decode(&url->mailbox, bytes_from(text.p, semicolon));
}

/* "1024.512" or "1024". */
static bool read_partial(struct imap_url *url, struct bytes text)
{
    struct bytes rest = text, first = bytes_split(&rest, '.');
    url->partial = true;
    url->count = UINT32_MAX;
    return read_number(first, 0, &url->offset) && (!rest.p || read_number(rest, 1, &url->count));
}

/* Behind the UID: "/;SECTION=..." and "/;PARTIAL=...", both as they are there. */
static bool read_parts(struct imap_url *url, struct bytes rest)
{
    struct bytes section = BYTES("/;SECTION="), partial = BYTES("/;PARTIAL=");
    if (bytes_starts_nocase(rest, section)) {
        rest = bytes_skip(rest, section.n);
        size_t end = bytes_index(rest, '/');
        if (end == 0 || !decode(&url->section, bytes_from(rest.p, end)))
            return false;
        rest = bytes_skip(rest, end);
    }
    if (bytes_starts_nocase(rest, partial))
        return read_partial(url, bytes_skip(rest, partial.n));
    return rest.n == 0;
}

bool imap_url_parse(struct imap_url *url, struct bytes text)
{
    *url = (struct imap_url){.mailbox = STRBUF_INIT(IMAP_URL_MAX), .section = STRBUF_INIT(IMAP_URL_MAX)};
    struct bytes key = BYTES(";UID=");
    if (text.n > IMAP_URL_MAX || bytes_starts_nocase(text, BYTES("imap:")) ||
        bytes_starts_nocase(text, BYTES("//")))
        return false;
    if (bytes_starts_nocase(text, BYTES("/")))
        text = bytes_skip(text, 1);
    size_t at = find_uid(text);
    if (at == text.n || !read_mailbox(url, bytes_from(text.p, at ? at - 1 : 0)))
        return false;
    text = bytes_skip(text, at + key.n);
    size_t end = bytes_index(text, '/');
    return read_number(bytes_from(text.p, end), 1, &url->uid) && read_parts(url, bytes_skip(text, end));
}

void imap_url_done(struct imap_url *url)
{
    strbuf_done(&url->mailbox);
    strbuf_done(&url->section);
}
