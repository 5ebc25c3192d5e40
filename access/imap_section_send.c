/*
 * imap_section_send.c - a section as the answer to FETCH, straight into the output block.
 *
 * Its length goes out before its octets: if the file then turns out shorter, the session ends, since nothing
 * else would be understood.
 */
#include "access/imap_section.h"

#include "access/imap_cache.h"
#include "access/imap_quote.h"
#include "base/cleanup.h"
#include "base/log.h"

#define NAME_OUT   (1 << 20)
#define FIELDS_MAX (2 * MESSAGE_HEADER_MAX) /* octets of chosen fields: each LF may become CRLF */

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
        strbuf_addf(out, "<%llu>", (unsigned long long)section->offset);
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

static void put_length(struct imap *s, uint64_t n)
{
    imap_puts(s, "{");
    imap_put_number(s, n);
    imap_puts(s, "}\r\n");
}

/* The octets were announced: there is no way back. */
static void put_octets(struct imap *s, struct imap_message *m, struct imap_octets *o)
{
    while (o->n > 0 && !s->io.dead) {
        size_t room;
        char *to = imap_io_room(&s->io, &room);
        ssize_t n = imap_octets_read(o, to, room);
        if (n <= 0) {
            log_error(
                "%s: message with UID %u of %s is shorter than its file name or its size said; session ended",
                s->options->user, m->uid, mailbox_name(m->mb));
            imap_io_flush(&s->io);
            s->io.dead = true;
            return;
        }
        imap_io_wrote(&s->io, (size_t)n);
    }
}

static void put_chosen(struct imap *s, const struct imap_section *section, const char *name,
                       struct bytes text)
{
    uint64_t at, n;
    imap_section_cut(section, text.n, &at, &n);
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
    AUTO_OCTETS struct imap_octets o;
    if (imap_section_open(m, section, &o))
        return -1;
    put_name(s, section, name);
    if (o.exists) {
        put_length(s, o.n);
        put_octets(s, m, &o);
        s->did.sent += s->sent_uid != m->uid;
        s->sent_uid = m->uid;
    } else
        imap_puts(s, "NIL");
    return 0;
}
