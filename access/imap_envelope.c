/*
 * imap_envelope.c - a header block as ENVELOPE: date, subject, six lists of addresses, in-reply-to,
 * message-id.
 *
 * The block is walked once; of several fields with one name the first counts. Text is unfolded, encoded words
 * stay as they are. Sender and Reply-To that are missing or hold no address are From; other lists without an
 * address are NIL.
 */
#include "access/imap_envelope.h"

#include "access/imap_quote.h"
#include "base/cleanup.h"
#include "maildir/message.h"

enum { STACK_ROOM = 512 };

enum row { DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO, MESSAGE_ID, ROWS };
_Static_assert((int)ROWS == IMAP_ENVELOPE_FIELDS, "imap_envelope.h names the fields");

/* In the order in which they are sent. */
static const struct {
    struct bytes name;
    bool addresses, from_by_default;
} rows[ROWS] = {
    [DATE] = {BYTES_OF("Date"), false, false},
    [SUBJECT] = {BYTES_OF("Subject"), false, false},
    [FROM] = {BYTES_OF("From"), true, false},
    [SENDER] = {BYTES_OF("Sender"), true, true},
    [REPLY_TO] = {BYTES_OF("Reply-To"), true, true},
    [TO] = {BYTES_OF("To"), true, false},
    [CC] = {BYTES_OF("Cc"), true, false},
    [BCC] = {BYTES_OF("Bcc"), true, false},
    [IN_REPLY_TO] = {BYTES_OF("In-Reply-To"), false, false},
    [MESSAGE_ID] = {BYTES_OF("Message-ID"), false, false},
};

static void add_text(struct strbuf *out, struct bytes value)
{
    char room[STACK_ROOM];
    AUTO_STRBUF struct strbuf scratch = STRBUF_LENT(room, value.n);
    imap_nstring(out, value.p ? header_text(&scratch, value) : value);
}

struct list {
    struct strbuf *out;
    bool any;
};

static void add_address(void *arg, const struct address *a)
{
    struct list *list = arg;
    const struct bytes parts[] = {a->name, a->route, a->mailbox, a->host};
    if (!list->any)
        strbuf_addc(list->out, '(');
    list->any = true;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        strbuf_addc(list->out, i ? ' ' : '(');
        imap_nstring(list->out, parts[i]);
    }
    strbuf_addc(list->out, ')');
}

/* Returns false, and appends nothing, if there is no address in it. */
static bool add_addresses(struct strbuf *out, struct bytes value)
{
    struct list list = {.out = out};
    if (value.p)
        address_parse(value, add_address, &list);
    if (list.any)
        strbuf_addc(out, ')');
    return list.any;
}

static void find_fields(struct bytes block, struct bytes values[ROWS])
{
    struct header_field field;
    while (header_next(&block, &field))
        for (size_t i = 0; i < ROWS; i++)
            if (!values[i].p && bytes_eq_nocase(field.name, rows[i].name))
                values[i] = field.value;
}

/* Sender and Reply-To are mostly what From is: its text stands there already. */
static bool add_from_again(struct strbuf *out, size_t from_at, size_t from_len)
{
    char *room = from_len ? strbuf_room(out, from_len) : NULL;
    if (!room)
        return false;
    memcpy(room, out->data + from_at, from_len);
    strbuf_extend(out, from_len);
    return true;
}

void imap_envelope_of(struct strbuf *out, const struct bytes values[ROWS])
{
    size_t from_at = 0, from_len = 0;
    for (size_t i = 0; i < ROWS; i++) {
        strbuf_addc(out, i ? ' ' : '(');
        size_t at = out->len;
        if (!rows[i].addresses)
            add_text(out, values[i]);
        else if (add_addresses(out, values[i])) {
            if (i == FROM) {
                from_at = at;
                from_len = out->len - at;
            }
        } else if (!rows[i].from_by_default || !add_from_again(out, from_at, from_len))
            imap_nil(out);
    }
    strbuf_addc(out, ')');
}

void imap_envelope(struct strbuf *out, struct bytes header_block)
{
    struct bytes values[ROWS] = {{NULL, 0}};
    find_fields(header_block, values);
    imap_envelope_of(out, values);
}
