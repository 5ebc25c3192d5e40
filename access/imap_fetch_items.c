/*
 * imap_fetch_items.c - see imap_fetch_items.h.
 *
 * An item that cannot be had (the message is gone or unreadable) is left out and FETCH ends with NO; an
 * answer is never cut in the middle, since writers find out everything before they write.
 */
#include "access/imap_fetch_items.h"

#include "access/imap_date.h"
#include "access/imap_envelope.h"
#include "access/imap_flags.h"
#include "access/imap_structure.h"
#include "base/cleanup.h"

#include <inttypes.h>

#define FLAGS_TEXT_MAX     8192
#define ENVELOPE_TEXT_MAX  (8 << 20)
#define STRUCTURE_TEXT_MAX (32 << 20)

enum { NEEDS_FILE = 1, NEEDS_INFO = 2 };

struct imap_fetch_row {
    const char *name;
    bool sees;                   /* sets \Seen */
    unsigned needs;              /* NEEDS_* */
    enum imap_section_text text; /* for those that are written by put_section */
    int (*put)(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item);
};

static int put_flags(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct mail *mail = mailbox_find(s->mb, m->uid);
    if (!mail)
        return err_set(&m->err, ERR_NOTFOUND, "message with UID %u is gone", m->uid);
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FLAGS_TEXT_MAX);
    strbuf_adds(&text, "FLAGS ");
    imap_flags_write(&text, s->mb, mail);
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
    char text[64];
    if (!info)
        return -1;
    snprintf(text, sizeof(text), "RFC822.SIZE %" PRIu64, info->virtual_size);
    imap_puts(s, text);
    return 0;
}

static int put_uid(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    char text[32];
    snprintf(text, sizeof(text), "UID %u", m->uid);
    imap_puts(s, text);
    return 0;
}

static int put_envelope(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    const struct strbuf *header = imap_message_header(m);
    if (!header)
        return -1;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(ENVELOPE_TEXT_MAX);
    strbuf_adds(&text, "ENVELOPE ");
    imap_envelope(&text, strbuf_bytes(header));
    if (text.overflow)
        return err_set(&m->err, ERR_LIMIT, "envelope of the message with UID %u is too large", m->uid);
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int read_part_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    return imap_message_part_header(arg, part, out);
}

static int put_tree(struct imap *s, struct imap_message *m, const char *name, bool extended)
{
    const struct mime_part *root = imap_message_tree(m);
    if (!root)
        return -1;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(STRUCTURE_TEXT_MAX);
    strbuf_addf(&text, "%s ", name);
    if (imap_bodystructure(&text, root, extended, read_part_header, m))
        return -1;
    if (text.overflow)
        return err_set(&m->err, ERR_LIMIT, "structure of the message with UID %u is too large", m->uid);
    imap_put(s, strbuf_bytes(&text));
    return 0;
}

static int put_body(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    return put_tree(s, m, "BODY", false);
}

static int put_structure(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    (void)item;
    return put_tree(s, m, "BODYSTRUCTURE", true);
}

static int put_section(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item);

static const struct imap_fetch_row rows[] = {
    {"BODY", false, NEEDS_FILE, 0, put_body},
    {"BODYSTRUCTURE", false, NEEDS_FILE, 0, put_structure},
    {"ENVELOPE", false, NEEDS_FILE, 0, put_envelope},
    {"FLAGS", false, 0, 0, put_flags},
    {"INTERNALDATE", false, NEEDS_INFO, 0, put_date},
    {"RFC822", true, NEEDS_FILE | NEEDS_INFO, IMAP_SECTION_ALL, put_section},
    {"RFC822.HEADER", false, NEEDS_FILE, IMAP_SECTION_HEADER, put_section},
    {"RFC822.SIZE", false, NEEDS_INFO, 0, put_size},
    {"RFC822.TEXT", true, NEEDS_FILE | NEEDS_INFO, IMAP_SECTION_TEXT, put_section},
    {"UID", false, 0, 0, put_uid},
};
static const struct imap_fetch_row body_row = {"BODY", true, NEEDS_FILE, 0, put_section};
static const struct imap_fetch_row peek_row = {"BODY", false, NEEDS_FILE, 0, put_section};

static const struct {
    const char *name;
    const char *items[6];
} macros[] = {
    {"ALL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
    {"FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
    {"FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}},
};

static int put_section(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item)
{
    return imap_section_send(s, m, &item->section, item->row->name);
}

/* ---- reading the command ---- */

static struct imap_fetch_item *add_item(struct imap_fetch *fetch, const struct imap_fetch_row *row)
{
    if (fetch->n == IMAP_FETCH_ITEMS_MAX)
        return NULL;
    fetch->items = xrealloc(fetch->items, fetch->n + 1, sizeof(*fetch->items));
    struct imap_fetch_item *item = &fetch->items[fetch->n++];
    *item = (struct imap_fetch_item){.row = row, .section = {.text = row->text}};
    fetch->sees |= row->sees;
    return item;
}

static bool add_named(struct imap_fetch *fetch, struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (bytes_eq_nocase(name, bytes_of(rows[i].name)))
            return add_item(fetch, &rows[i]) != NULL;
    }
    return false;
}

static bool add_section(struct imap_fetch *fetch, struct bytes text, const struct imap_fetch_row *row,
                        struct imap_args *a)
{
    struct imap_fetch_item *item = add_item(fetch, row);
    return item && imap_section_parse(&item->section, text, a);
}

static bool read_item(struct imap_fetch *fetch, struct imap_args *a)
{
    struct bytes name;
    struct bytes body = BYTES("BODY["), peek = BYTES("BODY.PEEK[");
    if (!imap_args_atom(a, &name))
        return false;
    if (bytes_starts_nocase(name, body))
        return add_section(fetch, bytes_skip(name, body.n), &body_row, a);
    if (bytes_starts_nocase(name, peek))
        return add_section(fetch, bytes_skip(name, peek.n), &peek_row, a);
    return add_named(fetch, name);
}

static bool read_macro(struct imap_fetch *fetch, struct imap_args *a)
{
    for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
        if (!imap_args_word(a, macros[i].name))
            continue;
        for (const char *const *item = macros[i].items; *item; item++)
            add_named(fetch, bytes_of(*item));
        return true;
    }
    return false;
}

static bool read_items(struct imap *s, struct imap_fetch *fetch)
{
    struct imap_args list;
    if (imap_args_list(&s->args, &list)) {
        while (!imap_args_end(&list)) {
            if (!read_item(fetch, &list))
                return false;
        }
        return fetch->n > (s->by_uid ? 1 : 0);
    }
    return read_macro(fetch, &s->args) || read_item(fetch, &s->args);
}

bool imap_fetch_parse(struct imap *s, struct imap_fetch *fetch)
{
    *fetch = (struct imap_fetch){0};
    if (s->by_uid)
        add_named(fetch, BYTES("UID"));
    if (!read_items(s, fetch)) {
        imap_bad(s, "Unknown or malformed FETCH item, or too many of them");
        imap_fetch_done(fetch);
        return false;
    }
    if (!imap_session_no_more_args(s)) {
        imap_fetch_done(fetch);
        return false;
    }
    for (size_t i = 1; s->by_uid && i < fetch->n; i++) { /* UID was asked for too: once is enough */
        if (fetch->items[i].row->put == put_uid)
            memmove(&fetch->items[i], &fetch->items[i + 1], (--fetch->n - i) * sizeof(*fetch->items));
    }
    return true;
}

void imap_fetch_done(struct imap_fetch *fetch)
{
    free(fetch->items);
    *fetch = (struct imap_fetch){0};
}

/* ---- answering ---- */

static bool asks_for_flags(const struct imap_fetch *fetch)
{
    for (size_t i = 0; i < fetch->n; i++) {
        if (fetch->items[i].row->put == put_flags)
            return true;
    }
    return false;
}

/* Open what the items need, so that a message which is gone gets no answer at all. */
static int prepare(const struct imap_fetch *fetch, struct imap_message *m)
{
    for (size_t i = 0; i < fetch->n; i++) {
        unsigned needs = fetch->items[i].row->needs;
        if ((needs & NEEDS_FILE && imap_message_fd(m) < 0) || (needs & NEEDS_INFO && !imap_message_info(m)))
            return -1;
    }
    return 0;
}

/* Write an item behind a blank. One that fails has written nothing, and the blank is taken back. */
static int put_item(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item, bool *any)
{
    if (*any)
        imap_puts(s, " ");
    if (item->row->put(s, m, item)) {
        imap_io_unwrite(&s->io, *any ? 1 : 0);
        return -1;
    }
    *any = true;
    return 0;
}

int imap_fetch_send(struct imap *s, const struct imap_fetch *fetch, struct imap_message *m, bool force_flags)
{
    static const struct imap_fetch_row flags_row = {"FLAGS", false, 0, 0, put_flags};
    static const struct imap_fetch_row uid_row = {"UID", false, 0, 0, put_uid};
    char start[48];
    int failed = 0;
    bool any = false;
    if (prepare(fetch, m))
        return -1;
    snprintf(start, sizeof(start), "* %u FETCH (", imap_view_seq(&s->view, m->uid));
    imap_puts(s, start);
    for (size_t i = 0; i < fetch->n && !s->io.dead; i++)
        failed |= put_item(s, m, &fetch->items[i], &any);
    if (force_flags && !asks_for_flags(fetch))
        failed |= put_item(s, m, &(struct imap_fetch_item){.row = &flags_row}, &any);
    if (!any)
        put_item(s, m, &(struct imap_fetch_item){.row = &uid_row}, &any);
    imap_puts(s, ")\r\n");
    return failed;
}
