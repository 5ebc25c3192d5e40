/*
 * imap_fetch_items.c - see imap_fetch_items.h.
 *
 * An item that cannot be had (the message is gone or unreadable) is left out and FETCH ends with NO; an
 * answer is never cut in the middle, since writers find out everything before they write.
 */
#include "access/imap_fetch_items.h"

#include "access/imap_binary.h"
#include "access/imap_cache.h"
#include "access/imap_date.h"
#include "access/imap_envelope.h"
#include "access/imap_flags.h"
#include "access/imap_preview.h"
#include "access/imap_quote.h"
#include "access/imap_structure.h"
#include "base/cleanup.h"

#define FLAGS_TEXT_MAX     8192
#define ENVELOPE_TEXT_MAX  (8 << 20)
#define STRUCTURE_TEXT_MAX (32 << 20)

static int put_flags(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct mail *mail = mailbox_find(s->mb, m->uid);
    if (!mail)
        return err_set(&m->err, ERR_NOTFOUND, "message with UID %u is gone", m->uid);
    char room[FLAGS_TEXT_MAX + 1];
    struct strbuf text = {.data = room, .size = sizeof(room), .max = FLAGS_TEXT_MAX};
    strbuf_adds(&text, "FLAGS ");
    imap_flags_write(&text, s->mb, mail, !(s->enabled & IMAP_ENABLED_REV2));
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int put_date(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct mail_info *info = imap_message_info(m);
    if (!info)
        return -1;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(128);
    strbuf_adds(&text, "INTERNALDATE \"");
    imap_date_write(&text, info->internal_date);
    strbuf_adds(&text, "\"");
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int put_size(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct mail_info *info = imap_message_info(m);
    if (!info)
        return -1;
    imap_puts(s, "RFC822.SIZE ");
    imap_put_number(s, info->virtual_size);
    return 0;
}

static int put_uid(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    imap_puts(s, "UID ");
    imap_put_number(s, m->uid);
    return 0;
}

/* Name, a blank, text. */
static void put_text(struct imap *s, const char *name, struct bytes text)
{
    imap_puts(s, name);
    imap_put(s, text);
}

static int put_envelope(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    struct imap_cached cached;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(ENVELOPE_TEXT_MAX);
    if (!imap_cache_get(m, item->whole, &cached))
        return -1;
    if (cached.fields.p) {
        imap_cache_envelope(cached.fields, &text);
    } else {
        const struct strbuf *header = imap_message_header(m);
        if (!header)
            return -1;
        imap_envelope(&text, strbuf_bytes(header));
    }
    if (text.overflow)
        return err_set(&m->err, ERR_LIMIT, "envelope of the message with UID %u is too large", m->uid);
    put_text(s, "ENVELOPE ", strbuf_bytes(&text));
    return 0;
}

static int read_part_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    return imap_message_part_header(arg, part, out);
}

static int put_tree(struct imap *s, struct imap_message *m, const char *name, unsigned how)
{
    const struct mime_part *root = imap_message_tree(m);
    if (!root)
        return -1;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(STRUCTURE_TEXT_MAX);
    strbuf_addf(&text, "%s ", name);
    if (imap_bodystructure(&text, root, how | (imap_speaks_utf8(s) ? IMAP_STRUCTURE_GLOBAL : 0),
                           read_part_header, m))
        return -1;
    if (text.overflow)
        return err_set(&m->err, ERR_LIMIT, "structure of the message with UID %u is too large", m->uid);
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int put_body(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    return put_tree(s, m, "BODY", 0);
}

/* Perhaps: the index holds structures as IMAP4rev1 wants them. */
static bool names_global(struct bytes structure)
{
    struct bytes global = BYTES("\"global\"");
    for (const char *p = structure.p; (p = memchr(p, '"', structure.n - (size_t)(p - structure.p))); p++)
        if (bytes_starts_nocase(bytes_skip(structure, (size_t)(p - structure.p)), global))
            return true;
    return false;
}

static int put_structure(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    struct imap_cached cached;
    if (!imap_cache_get(m, true, &cached))
        return -1;
    if (!cached.structure.p || (imap_speaks_utf8(s) && names_global(cached.structure)))
        return put_tree(s, m, item->row->name, IMAP_STRUCTURE_EXTENDED);
    put_text(s, "BODYSTRUCTURE ", cached.structure);
    return 0;
}

static int put_modseq(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct mail *mail = mailbox_find(s->mb, m->uid);
    if (!mail)
        return err_set(&m->err, ERR_NOTFOUND, "message with UID %u is gone", m->uid);
    imap_puts(s, "MODSEQ (");
    imap_put_number(s, mail->changed);
    imap_puts(s, ")");
    return 0;
}

static int put_emailid(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    AUTO_STRBUF struct strbuf id = STRBUF_INIT(2 * MAILBOX_ID_MAX);
    if (!mailbox_emailid(s->mb, m->uid, &id))
        return err_set(&m->err, ERR_NOTFOUND, "message with UID %u is gone", m->uid);
    imap_puts(s, "EMAILID (");
    imap_put(s, strbuf_bytes(&id));
    imap_puts(s, ")");
    return 0;
}

/* Messages are not put into threads for good: RFC 8474 section 5.2 permits that. */
static int put_threadid(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)m, (void)item;
    imap_puts(s, "THREADID NIL");
    return 0;
}

static int put_preview(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    AUTO_STRBUF struct strbuf words = STRBUF_INIT(IMAP_PREVIEW_OCTETS);
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(2 * IMAP_PREVIEW_OCTETS);
    bool known;
    if (imap_preview(m, item->lazy, &known, &words))
        return -1;
    imap_nstring(&text, known ? strbuf_bytes(&words) : (struct bytes){NULL, 0});
    put_text(s, "PREVIEW ", strbuf_bytes(&text));
    return 0;
}

static int put_savedate(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(128);
    time_t date;
    if (mailbox_save_date(s->mb, m->uid, &date, &m->err))
        return -1;
    strbuf_adds(&text, "SAVEDATE \"");
    imap_date_write(&text, date);
    strbuf_adds(&text, "\"");
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int put_section(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item);

static int put_binary(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    return imap_binary_send(s, m, &item->section);
}

static int put_binary_size(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    return imap_binary_size_send(s, m, &item->section);
}

static const struct imap_fetch_row rows[] = {
    {"BODY", false, IMAP_FETCH_NEEDS_FILE, 0, put_body},
    {"BODYSTRUCTURE", false, IMAP_FETCH_NEEDS_ALL, 0, put_structure},
    {"EMAILID", false, 0, 0, put_emailid},
    {"ENVELOPE", false, IMAP_FETCH_NEEDS_HEADER, 0, put_envelope},
    {"FLAGS", false, 0, 0, put_flags},
    {"INTERNALDATE", false, IMAP_FETCH_NEEDS_INFO, 0, put_date},
    {"MODSEQ", false, 0, 0, put_modseq},
    {"PREVIEW", false, 0, 0, put_preview},
    {"RFC822", true, IMAP_FETCH_NEEDS_FILE | IMAP_FETCH_NEEDS_INFO, IMAP_SECTION_ALL, put_section},
    {"RFC822.HEADER", false, IMAP_FETCH_NEEDS_FILE, IMAP_SECTION_HEADER, put_section},
    {"RFC822.SIZE", false, IMAP_FETCH_NEEDS_INFO, 0, put_size},
    {"RFC822.TEXT", true, IMAP_FETCH_NEEDS_FILE | IMAP_FETCH_NEEDS_INFO, IMAP_SECTION_TEXT, put_section},
    {"SAVEDATE", false, 0, 0, put_savedate},
    {"THREADID", false, 0, 0, put_threadid},
    {"UID", false, 0, 0, put_uid},
};
const struct imap_fetch_row imap_fetch_body = {"BODY", true, IMAP_FETCH_NEEDS_FILE, 0, put_section};
const struct imap_fetch_row imap_fetch_peek = {"BODY", false, IMAP_FETCH_NEEDS_FILE, 0, put_section};
const struct imap_fetch_row imap_fetch_binary = {"BINARY", true, IMAP_FETCH_NEEDS_FILE, 0, put_binary};
const struct imap_fetch_row imap_fetch_binary_peek = {"BINARY", false, IMAP_FETCH_NEEDS_FILE, 0, put_binary};
const struct imap_fetch_row imap_fetch_binary_size = {"BINARY.SIZE", false, IMAP_FETCH_NEEDS_FILE, 0,
                                                      put_binary_size};

const struct imap_fetch_row *imap_fetch_row(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (bytes_eq_nocase(name, bytes_of(rows[i].name)))
            return &rows[i];
    }
    return NULL;
}

static int put_section(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    return imap_section_send(s, m, &item->section, item->row->name, item->fields);
}
