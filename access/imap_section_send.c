/*
 * imap_section_send.c - finding a section in a message and sending it in wire form (CRLF line ends).
 *
 * A section is a run of the file, sent through the wire reader straight into the output block, or (chosen
 * header fields) text in memory. Its length goes out before its octets: if the file then turns out shorter,
 * the session ends, since nothing else would be understood.
 */
#include "access/imap_section.h"

#include "access/imap_cache.h"
#include "access/imap_quote.h"
#include "base/cleanup.h"
#include "base/log.h"

#define FIELDS_MAX (2 * MESSAGE_HEADER_MAX) /* octets of chosen fields: each LF may become CRLF */
#define NAME_OUT   (1 << 20)

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

/* ---- sending ---- */

static void add_name(struct strbuf *out, const struct imap_section *section)
{
    static const char *const names[] = {"", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"};
    struct imap_args fields = section->fields;
    struct bytes name;
    strbuf_addc(out, '[');
    for (unsigned i = 0; i < section->depth; i++)
        strbuf_addf(out, i ? ".%u" : "%u", section->numbers[i]);
    if (section->depth && section->text != IMAP_SECTION_ALL)
        strbuf_addc(out, '.');
    strbuf_adds(out, names[section->text]);
    if (section->text == IMAP_SECTION_FIELDS || section->text == IMAP_SECTION_FIELDS_NOT) {
        for (char sep = '('; imap_args_end(&fields) == false; sep = ' ') {
            bool atom = imap_args_type(&fields) == IMAP_ATOM;
            imap_args_astring(&fields, &name);
            strbuf_adds(out, sep == '(' ? " (" : " ");
            if (atom)
                strbuf_addb(out, name);
            else
                imap_string(out, name);
        }
        strbuf_addc(out, ')');
    }
    strbuf_addc(out, ']');
    if (section->partial)
        strbuf_addf(out, "<%u>", section->offset);
}

static void put_name(struct imap *s, const struct imap_section *section, const char *name)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(NAME_OUT);
    strbuf_adds(&text, name);
    if (strcmp(name, "BODY") == 0)
        add_name(&text, section);
    strbuf_addc(&text, ' ');
    imap_put(s, strbuf_bytes(&text));
}

/* What of `length` octets is asked for. */
static void cut(const struct imap_section *section, uint64_t length, uint64_t *at, uint64_t *n)
{
    *at = 0;
    *n = length;
    if (!section->partial)
        return;
    *at = section->offset < length ? section->offset : length;
    *n = length - *at < section->count ? length - *at : section->count;
}

static void put_length(struct imap *s, uint64_t n)
{
    imap_puts(s, "{");
    imap_put_number(s, n);
    imap_puts(s, "}\r\n");
}

/* The octets were announced: there is no way back. */
static void put_octets(struct imap *s, struct imap_message *m, struct wire_reader *wire, uint64_t left)
{
    while (left > 0 && !s->io.dead) {
        size_t room;
        char *to = imap_io_room(&s->io, &room);
        ssize_t n = wire_read(wire, to, left < room ? (size_t)left : room);
        if (n <= 0) {
            log_error(
                "%s: message with UID %u of %s is shorter than its file name or its size said; session ended",
                s->options->user, m->uid, mailbox_name(m->mb));
            imap_io_flush(&s->io);
            s->io.dead = true;
            return;
        }
        imap_io_wrote(&s->io, (size_t)n);
        left -= (uint64_t)n;
    }
}

static int send_run(struct imap *s, struct imap_message *m, const struct imap_section *section,
                    const char *name)
{
    struct run run;
    uint64_t at, n;
    enum found found = find(m, section, &run);
    if (found == FOUND_FAILED)
        return -1;
    if (found == FOUND_NONE) {
        put_name(s, section, name);
        imap_puts(s, "NIL");
        return 0;
    }
    cut(section, run.crlf, &at, &n);
    struct wire_reader *wire = n ? imap_message_wire(m, run.start, run.end, at) : NULL;
    if (n && !wire)
        return -1;
    put_name(s, section, name);
    put_length(s, n);
    put_octets(s, m, wire, n);
    return 0;
}

static void put_chosen(struct imap *s, const struct imap_section *section, const char *name,
                       struct bytes text)
{
    uint64_t at, n;
    cut(section, text.n, &at, &n);
    put_name(s, section, name);
    put_length(s, n);
    imap_put(s, bytes_from(text.p + at, (size_t)n));
}

/* From the cache. 0: it is not there. */
static int send_cached(struct imap *s, struct imap_message *m, const struct imap_section *section,
                       uint64_t fields)
{
    struct imap_cached cached;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FIELDS_MAX);
    if (!imap_cache_get(m, false, &cached))
        return -1;
    if (!cached.fields.p)
        return 0;
    imap_cache_fields(cached.fields, fields, &text);
    strbuf_adds(&text, "\r\n");
    put_chosen(s, section, "BODY", strbuf_bytes(&text));
    return 1;
}

int imap_section_send(struct imap *s, struct imap_message *m, const struct imap_section *section,
                      const char *name, uint64_t fields)
{
    int r = fields ? send_cached(s, m, section, fields) : 0;
    if (r)
        return r < 0 ? -1 : 0;
    if (section->text != IMAP_SECTION_FIELDS && section->text != IMAP_SECTION_FIELDS_NOT)
        return send_run(s, m, section, name);
    struct run run;
    enum found found = section->depth ? find(m, section, &run) : FOUND_RUN;
    if (found != FOUND_RUN)
        return found == FOUND_NONE ? send_run(s, m, section, name) : -1;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FIELDS_MAX);
    if (choose_fields(m, section, &text))
        return -1;
    put_chosen(s, section, name, strbuf_bytes(&text));
    return 0;
}
