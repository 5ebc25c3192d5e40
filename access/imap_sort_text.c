/*
 * imap_sort_text.c - see imap_sort_text.h.
 */
#include "access/imap_sort_text.h"

#include "access/imap_base_subject.h"
#include "base/cleanup.h"
#include "maildir/message.h"

#define VALUE_MAX (1 << 20) /* octets of a header field that are looked at */

bool imap_sort_header_subject(struct bytes header, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf decoded = STRBUF_INIT(VALUE_MAX), base = STRBUF_INIT(VALUE_MAX);
    struct header_field field;
    if (!header_find(header, "Subject", &field))
        return false;
    header_decode(&decoded, field.value);
    bool reply = imap_base_subject(strbuf_bytes(&decoded), &base);
    text_collate(out, strbuf_bytes(&base));
    return reply;
}

struct first {
    struct strbuf *out;
    bool display, done;
};

static void take_mailbox(void *arg, const struct address *a)
{
    struct first *f = arg;
    if (!f->done)
        text_collate(f->out, a->mailbox.p ? a->mailbox : BYTES(""));
    f->done = true;
}

/* The display name, or the address where there is none (RFC 5957 section 3). Groups have neither. */
static void take_display(void *arg, const struct address *a)
{
    struct first *f = arg;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(VALUE_MAX);
    if (f->done || !a->host.p)
        return;
    if (a->name.n)
        header_decode(&text, a->name);
    else
        strbuf_addf(&text, BYTES_FMT "@" BYTES_FMT, BYTES_ARG(a->mailbox), BYTES_ARG(a->host));
    text_collate(f->out, strbuf_bytes(&text));
    f->done = true;
}

void imap_sort_address(struct bytes value, struct strbuf *out)
{
    address_parse(value, take_mailbox, &(struct first){.out = out});
}

void imap_sort_display(struct bytes value, struct strbuf *out)
{
    address_parse(value, take_display, &(struct first){.out = out});
}

void imap_sort_header_from(struct bytes header, struct strbuf *out)
{
    struct header_field field;
    if (header_find(header, "From", &field))
        imap_sort_address(field.value, out);
}
