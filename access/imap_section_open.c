/*
 * imap_section_open.c - finding a section in a message, and reading its octets in wire form (CRLF line ends).
 *
 * A section is a run of the file, read through the wire reader, or (chosen header fields) text in memory. Its length is known
 * before its first octet is read. FETCH sends it (imap_section_send.c), CATENATE stores it (imap_catenate.c).
 */
#include "access/imap_section.h"

#include "base/cleanup.h"

#define FIELDS_MAX (2 * MESSAGE_HEADER_MAX) /* octets of chosen fields: each LF may become CRLF */

/* A run of the file and its length with CRLF line ends. */
struct run {
    uint64_t start, end, crlf;
};

enum found { FOUND_FAILED = -1, FOUND_NONE, FOUND_RUN };

static uint64_t crlf_length(struct bytes b)
{
    uint64_t n = b.n;
    for (size_t i = 0; i < b.n; i++)
        n += b.p[i] == '\n' && (i == 0 || b.p[i - 1] != '\r');
    return n;
}

/* The message itself: its header's length is enough. */
static enum found find_in_root(struct imap_message *m, enum imap_section_text text, struct run *run)
{
    const struct strbuf *header = text == IMAP_SECTION_ALL ? NULL : imap_message_header(m);
    if (text != IMAP_SECTION_ALL && !header)
        return FOUND_FAILED;
    uint64_t head = header ? crlf_length(strbuf_bytes(header)) : 0;
    if (text == IMAP_SECTION_HEADER) {
        *run = (struct run){0, header->len, head};
        return FOUND_RUN;
    }
    const uint64_t *length = imap_message_length(m);
    if (!length)
        return FOUND_FAILED;
    *run = (struct run){header ? header->len : 0, m->info.size, *length - head};
    return FOUND_RUN;
}

/* The part that a section speaks of: for HEADER and TEXT the message inside it. */
static const struct mime_part *find_part(const struct mime_part *root, const struct imap_section *section)
{
    const struct mime_part *part = mime_find(root, section->numbers, section->depth);
    if (!part || section->text == IMAP_SECTION_ALL || section->text == IMAP_SECTION_MIME)
        return part;
    return part->rfc822 ? part->first_child : NULL;
}

static enum found find(struct imap_message *m, const struct imap_section *section, struct run *run)
{
    if (section->depth == 0)
        return find_in_root(m, section->text, run);
    const struct mime_part *root = imap_message_tree(m);
    if (!root)
        return FOUND_FAILED;
    const struct mime_part *part = find_part(root, section);
    if (!part)
        return FOUND_NONE;
    if (section->text == IMAP_SECTION_ALL || section->text == IMAP_SECTION_TEXT)
        *run = (struct run){part->body_start, part->body_end, part->crlf_body};
    else
        *run = (struct run){part->header_start, part->header_end, part->crlf_header};
    return FOUND_RUN;
}

/* ---- chosen header fields ---- */

static bool named(const struct imap_section *section, struct bytes name)
{
    struct imap_args fields = section->fields;
    struct bytes wanted;
    while (imap_args_astring(&fields, &wanted)) {
        if (bytes_eq_nocase(wanted, name))
            return true;
    }
    return false;
}

static int choose_fields(struct imap_message *m, const struct imap_section *section, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf block = STRBUF_INIT(MESSAGE_HEADER_MAX);
    struct bytes rest;
    struct header_field field;
    if (section->depth == 0) {
        const struct strbuf *header = imap_message_header(m);
        if (!header)
            return -1;
        rest = strbuf_bytes(header);
    } else {
        const struct mime_part *part = find_part(imap_message_tree(m), section);
        if (!part || imap_message_part_header(m, part, &block))
            return -1;
        rest = strbuf_bytes(&block);
    }
    while (header_next(&rest, &field)) {
        bool chosen = field.name.n > 0 && named(section, field.name);
        if (chosen == (section->text == IMAP_SECTION_FIELDS))
            message_add_crlf(out, field.whole);
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        strbuf_adds(out, "\r\n");
    strbuf_adds(out, "\r\n");
    return 0;
}

void imap_section_cut(const struct imap_section *section, uint64_t length, uint64_t *at, uint64_t *n)
{
    *at = 0;
    *n = length;
    if (!section->partial)
        return;
    *at = section->offset < length ? section->offset : length;
    *n = length - *at < section->count ? length - *at : section->count;
}

/* ---- reading ---- */

static int open_fields(struct imap_message *m, const struct imap_section *section, struct imap_octets *o)
{
    struct run run;
    enum found found = section->depth ? find(m, section, &run) : FOUND_RUN;
    uint64_t at;
    if (found != FOUND_RUN)
        return found == FOUND_NONE ? 0 : -1;
    if (choose_fields(m, section, &o->text))
        return -1;
    o->exists = true;
    imap_section_cut(section, o->text.len, &at, &o->n);
    o->rest = bytes_skip(strbuf_bytes(&o->text), (size_t)at);
    return 0;
}

static int open_run(struct imap_message *m, const struct imap_section *section, struct imap_octets *o)
{
    struct run run;
    uint64_t at;
    enum found found = find(m, section, &run);
    if (found != FOUND_RUN)
        return found == FOUND_NONE ? 0 : -1;
    o->exists = true;
    imap_section_cut(section, run.crlf, &at, &o->n);
    o->wire = o->n ? imap_message_wire(m, run.start, run.end, at) : NULL;
    return o->n && !o->wire ? -1 : 0;
}

int imap_section_open(struct imap_message *m, const struct imap_section *section, struct imap_octets *o)
{
    *o = (struct imap_octets){.text = STRBUF_INIT(FIELDS_MAX)};
    if (section->text == IMAP_SECTION_FIELDS || section->text == IMAP_SECTION_FIELDS_NOT)
        return open_fields(m, section, o);
    return open_run(m, section, o);
}

ssize_t imap_octets_read(struct imap_octets *o, char *to, size_t n)
{
    if (n > o->n)
        n = (size_t)o->n;
    ssize_t got = o->wire ? wire_read(o->wire, to, n) : (ssize_t)n;
    if (!o->wire) {
        memcpy(to, o->rest.p, n);
        o->rest = bytes_skip(o->rest, n);
    }
    if (got > 0)
        o->n -= (uint64_t)got;
    return got;
}

void imap_octets_done(struct imap_octets *o)
{
    strbuf_done(&o->text);
}
