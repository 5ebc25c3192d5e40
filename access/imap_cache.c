/*
 * imap_cache.c - see imap_cache.h.
 *
 * Of each message in brief: a struct, the base subject, the sender's local part. And a text: a struct, then structure and fields; a field is its
 * number in `kept`, its length (two octets) and its octets with CRLF line ends. The preview, once it was asked for, is the last: with the
 * number PREVIEW, and a LF. Both begin with the number of the format; what has another is read as nothing.
 */
#include "access/imap_cache.h"

#include "access/imap_envelope.h"
#include "access/imap_sort_text.h"
#include "access/imap_structure.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <sys/stat.h>

#define FORMAT   0x5050
#define PREVIEW  255
#define TEXT_MAX 32768 /* octets kept of a message; what is larger is made each time */

struct head {
    uint16_t format, structure; /* octets of it */
};

struct brief_head {
    int64_t sent;
    uint16_t format, subject; /* octets of it; the rest is the sender */
    int16_t zone;
    bool has_sent, reply;
};

/* What mail programs ask for in their lists of messages (at most 64); first those of ENVELOPE, in its order. */
static const struct bytes kept[] = {
    BYTES_OF("Date"),
    BYTES_OF("Subject"),
    BYTES_OF("From"),
    BYTES_OF("Sender"),
    BYTES_OF("Reply-To"),
    BYTES_OF("To"),
    BYTES_OF("Cc"),
    BYTES_OF("Bcc"),
    BYTES_OF("In-Reply-To"),
    BYTES_OF("Message-ID"),
    BYTES_OF("References"),
    BYTES_OF("Content-Type"),
    BYTES_OF("Content-Transfer-Encoding"),
    BYTES_OF("Content-Description"),
    BYTES_OF("Priority"),
    BYTES_OF("X-Priority"),
    BYTES_OF("Importance"),
    BYTES_OF("Newsgroups"),
    BYTES_OF("Followup-To"),
    BYTES_OF("Mail-Followup-To"),
    BYTES_OF("List-Id"),
    BYTES_OF("List-Post"),
    BYTES_OF("List-Unsubscribe"),
    BYTES_OF("X-Label"),
    BYTES_OF("Disposition-Notification-To"),
    BYTES_OF("X-Spam-Flag"),
    BYTES_OF("X-Uniform-Type-Identifier"),
    BYTES_OF("X-Universally-Unique-Identifier"),
    BYTES_OF("Lines"),
    BYTES_OF("Autocrypt-Setup-Message"),
    BYTES_OF("X-K9mail-Identity"),
    BYTES_OF("X-Mozilla-Draft-Info"),
    BYTES_OF("Return-Receipt-To"),
};

static int kept_number(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (bytes_eq_nocase(name, kept[i]))
            return (int)i;
    return -1;
}

/* ---- making it ---- */

static void add_field(struct strbuf *out, int number, struct bytes whole)
{
    size_t at = out->len;
    const char zero[3] = {(char)number, 0, 0};
    strbuf_add(out, zero, sizeof zero);
    message_add_crlf(out, whole);
    if (out->len && out->data[out->len - 1] != '\n')
        strbuf_adds(out, "\r\n");
    uint16_t n = (uint16_t)(out->len - at - sizeof zero);
    if (!out->overflow)
        memcpy(out->data + at + 1, &n, sizeof n);
}

static void add_fields(struct strbuf *out, struct bytes header)
{
    struct header_field field;
    while (header_next(&header, &field)) {
        int number = field.name.n ? kept_number(field.name) : -1;
        if (number >= 0)
            add_field(out, number, field.whole);
    }
}

static int read_part_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    return imap_message_part_header(arg, part, out);
}

static int add_structure(struct imap_message *m, struct strbuf *out)
{
    const struct mime_part *root = imap_message_tree(m);
    return root ? imap_bodystructure(out, root, true, read_part_header, m) : -1;
}

static void make_brief(struct bytes header, struct strbuf *brief)
{
    struct brief_head head = {.format = FORMAT};
    struct header_field date;
    time_t when;
    int zone;
    strbuf_add(brief, &head, sizeof head);
    head.has_sent = header_find(header, "Date", &date) && date_parse(date.value, &when, &zone);
    head.sent = head.has_sent ? when : 0;
    head.zone = (int16_t)(head.has_sent ? zone : 0);
    head.reply = imap_sort_header_subject(header, brief);
    head.subject = (uint16_t)(brief->len - sizeof head);
    imap_sort_header_from(header, brief);
    memcpy(brief->data, &head, sizeof head);
}

/* Compose both. 1: they are too large to be kept. */
static int make(struct imap_message *m, bool structure, struct strbuf *brief, struct strbuf *text)
{
    struct head head = {.format = FORMAT};
    if (structure && !imap_message_tree(m)) /* reads the header along */
        return -1;
    const struct strbuf *header = imap_message_header(m);
    if (!header)
        return -1;
    strbuf_add(text, &head, sizeof head);
    if (structure && add_structure(m, text))
        return -1;
    head.structure = (uint16_t)(text->len - sizeof head);
    add_fields(text, strbuf_bytes(header));
    make_brief(strbuf_bytes(header), brief);
    if (text->overflow || brief->overflow)
        return 1;
    memcpy(text->data, &head, sizeof head);
    return 0;
}

/* ---- reading it ---- */

static bool take_apart(struct bytes text, struct imap_cached *c)
{
    struct head head;
    if (text.n < sizeof head)
        return false;
    memcpy(&head, text.p, sizeof head);
    if (head.format != FORMAT || text.n < sizeof head + head.structure)
        return false;
    c->structure = bytes_from(head.structure ? text.p + sizeof head : NULL, head.structure);
    c->fields = bytes_skip(text, sizeof head + head.structure);
    return true;
}

bool imap_cache_brief(struct mailbox *mb, uint32_t uid, struct imap_brief *b)
{
    struct brief_head head;
    struct bytes brief;
    if (!mailbox_brief_get(mb, uid, &brief) || brief.n < sizeof head)
        return false;
    memcpy(&head, brief.p, sizeof head);
    struct bytes texts = bytes_skip(brief, sizeof head);
    if (head.format != FORMAT || texts.n < head.subject)
        return false;
    *b = (struct imap_brief){
        .has_sent = head.has_sent, .reply = head.reply, .sent = head.sent, .zone = head.zone};
    b->subject = bytes_from(texts.p, head.subject);
    b->from = bytes_skip(texts, head.subject);
    return true;
}

bool imap_cache_get_brief(struct imap_message *m, struct imap_brief *b)
{
    struct imap_cached c;
    return imap_cache_brief(m->mb, m->uid, b) ||
           (imap_cache_get(m, false, &c) && c.fields.p && imap_cache_brief(m->mb, m->uid, b));
}

bool imap_cache_get(struct imap_message *m, bool structure, struct imap_cached *c)
{
    struct bytes text;
    if (mailbox_text_get(m->mb, m->uid, &text) && take_apart(text, c) && (!structure || c->structure.p))
        return true;
    *c = (struct imap_cached){.fields = {NULL, 0}};
    if (m->uncached)
        return true;
    AUTO_STRBUF struct strbuf made = STRBUF_INIT(TEXT_MAX), brief = STRBUF_INIT(TEXT_MAX);
    int r = make(m, structure, &brief, &made);
    if (r > 0)
        m->uncached = true;
    if (r)
        return r > 0;
    mailbox_text_put(m->mb, m->uid, strbuf_bytes(&brief), strbuf_bytes(&made));
    return !mailbox_text_get(m->mb, m->uid, &text) || take_apart(text, c);
}

/* ---- fields ---- */

uint64_t imap_cache_mask(const struct imap_section *section)
{
    struct imap_args fields = section->fields;
    struct bytes name;
    uint64_t mask = 0;
    if (section->text != IMAP_SECTION_FIELDS || section->depth)
        return 0;
    while (imap_args_astring(&fields, &name)) {
        int number = kept_number(name);
        if (number < 0)
            return 0;
        mask |= (uint64_t)1 << number;
    }
    return mask;
}

/* Cut off the next field. */
static bool next_field(struct bytes *fields, unsigned *number, struct bytes *whole)
{
    uint16_t n;
    if (fields->n <= 3)
        return false;
    *number = (unsigned char)fields->p[0];
    memcpy(&n, fields->p + 1, sizeof n);
    if (n > fields->n - 3)
        return false;
    *whole = bytes_from(fields->p + 3, n);
    *fields = bytes_skip(*fields, 3 + (size_t)n);
    return true;
}

void imap_cache_fields(struct bytes fields, uint64_t mask, struct strbuf *out)
{
    unsigned number;
    struct bytes whole;
    while (next_field(&fields, &number, &whole))
        if (number < 64 && mask >> number & 1)
            strbuf_addb(out, whole);
}

void imap_cache_envelope(struct bytes fields, struct strbuf *out)
{
    struct bytes values[IMAP_ENVELOPE_FIELDS] = {{NULL, 0}}, whole;
    unsigned number;
    while (next_field(&fields, &number, &whole)) {
        struct bytes value = bytes_skip(whole, bytes_index(whole, ':') + 1);
        if (number < IMAP_ENVELOPE_FIELDS && !values[number].p && value.n >= 2)
            values[number] = bytes_from(value.p, value.n - 2);
    }
    imap_envelope_of(out, values);
}

static bool each_in_header(struct imap_message *m, struct bytes name,
                           bool (*each)(void *arg, struct bytes value), void *arg)
{
    const struct strbuf *header = imap_message_header(m);
    struct bytes rest = header ? strbuf_bytes(header) : BYTES("");
    struct header_field field;
    while (header_next(&rest, &field))
        if (bytes_eq_nocase(field.name, name) && each(arg, field.value))
            return true;
    return false;
}

bool imap_cache_each(struct imap_message *m, struct bytes name, bool (*each)(void *arg, struct bytes value),
                     void *arg)
{
    struct imap_cached c;
    int wanted = kept_number(name);
    unsigned number;
    struct bytes whole;
    if (wanted < 0 || !imap_cache_get(m, false, &c) || !c.fields.p)
        return each_in_header(m, name, each, arg);
    while (next_field(&c.fields, &number, &whole)) {
        struct bytes value = bytes_skip(whole, bytes_index(whole, ':') + 1);
        if ((int)number == wanted && value.n >= 2 && each(arg, bytes_from(value.p, value.n - 2)))
            return true;
    }
    return false;
}

static bool take_value(void *arg, struct bytes value)
{
    strbuf_addb(arg, value);
    return true;
}

bool imap_cache_value(struct imap_message *m, const char *name, struct strbuf *out)
{
    return imap_cache_each(m, bytes_of(name), take_value, out);
}

/* ---- preview ---- */

bool imap_cache_preview(struct imap_message *m, struct strbuf *out)
{
    struct imap_cached c;
    struct bytes value;
    unsigned number;
    if (!mailbox_text_get(m->mb, m->uid, &value) || !take_apart(value, &c))
        return false;
    while (next_field(&c.fields, &number, &value))
        if (number == PREVIEW)
            return strbuf_add(out, value.p, value.n - 1);
    return false;
}

void imap_cache_put_preview(struct imap_message *m, struct bytes preview)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(TEXT_MAX), brief = STRBUF_INIT(TEXT_MAX);
    struct bytes now;
    uint16_t n = (uint16_t)(preview.n + 1);
    if (!mailbox_text_get(m->mb, m->uid, &now) || !now.n)
        return;
    strbuf_addb(&text, now);
    if (mailbox_brief_get(m->mb, m->uid, &now))
        strbuf_addb(&brief, now);
    strbuf_addc(&text, (char)PREVIEW);
    strbuf_add(&text, &n, sizeof n);
    strbuf_addb(&text, preview);
    strbuf_addc(&text, '\n');
    if (!text.overflow)
        mailbox_text_put(m->mb, m->uid, strbuf_bytes(&brief), strbuf_bytes(&text));
}
