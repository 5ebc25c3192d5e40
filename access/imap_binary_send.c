/*
 * imap_binary_send.c - BINARY[...] and BINARY.SIZE[...] as answers to FETCH. Octets with a NUL among them are a literal8.
 */
#include "access/imap_binary.h"
#include "base/cleanup.h"
#include "base/log.h"

#define NAME_OUT 4096 /* octets: part numbers */

static void put_name(struct imap *s, const char *name, const struct imap_section *section)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(NAME_OUT);
    strbuf_addf(&text, "%s[", name);
    for (unsigned i = 0; i < section->depth; i++)
        strbuf_addf(&text, i ? ".%u" : "%u", section->numbers[i]);
    strbuf_adds(&text, "]");
    if (section->partial)
        strbuf_addf(&text, "<%llu>", (unsigned long long)section->offset);
    strbuf_adds(&text, " ");
    imap_put(s, strbuf_bytes(&text));
}

static void put_octets(struct imap *s, struct imap_message *m, struct imap_binary *b, uint64_t at, uint64_t n)
{
    while (n > 0 && !s->io.dead) {
        size_t room;
        char *to = imap_io_room(&s->io, &room);
        ssize_t got = imap_binary_read(b, at, to, n < room ? (size_t)n : room);
        if (got <= 0) {
            log_error("%s: message with UID %u of %s has changed while it was read; session ended",
                      s->options->user, m->uid, mailbox_name(m->mb));
            imap_io_flush(&s->io);
            s->io.dead = true;
            return;
        }
        imap_io_wrote(&s->io, (size_t)got);
        at += (uint64_t)got;
        n -= (uint64_t)got;
    }
}

int imap_binary_send(struct imap *s, struct imap_message *m, const struct imap_section *section)
{
    struct imap_binary *b;
    uint64_t at, n;
    if (imap_binary_open(m, section, &b))
        return -1;
    put_name(s, "BINARY", section);
    if (!b) {
        imap_puts(s, "NIL");
        return 0;
    }
    imap_section_cut(section, b->size, &at, &n);
    imap_puts(s, b->has_nul ? "~{" : "{");
    imap_put_number(s, n);
    imap_puts(s, "}\r\n");
    put_octets(s, m, b, at, n);
    return 0;
}

int imap_binary_size_send(struct imap *s, struct imap_message *m, const struct imap_section *section)
{
    struct imap_binary *b;
    if (imap_binary_open(m, section, &b))
        return -1;
    put_name(s, "BINARY.SIZE", section);
    imap_put_number(s, b ? b->size : 0);
    return 0;
}
