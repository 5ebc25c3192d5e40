/*
 * imap_notify_metadata.c - NOTIFY's MailboxMetadataChange and ServerMetadataChange: which annotations differ from those known.
 *
 * Of a value only what it comes to is remembered, so that a client which is interested in many mailboxes costs little.
 */
#include "access/imap_notify.h"
#include "base/cleanup.h"

#define LINE_OCTETS_MAX 32768

/* FNV-1a: an equal sum of two values only leaves a change untold, which a client may do to itself. */
static uint64_t sum(struct bytes value)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < value.n; i++)
        h = (h ^ (unsigned char)value.p[i]) * UINT64_C(1099511628211);
    return h;
}

static void summarize(struct metadata *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct strbuf *value = &m->items[i].value;
        uint64_t h = sum(strbuf_bytes(value));
        strbuf_done(value);
        strbuf_init(value, sizeof(h));
        strbuf_add(value, &h, sizeof(h));
    }
}

/* Append the names that are in a and not, or otherwise, in b. */
static void add_differing(const struct metadata *a, const struct metadata *b, bool missing_only,
                          struct strbuf *out)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct metadata_entry *other = metadata_find(b, a->items[i].name);
        if (!other ||
            (!missing_only && !bytes_eq(strbuf_bytes(&other->value), strbuf_bytes(&a->items[i].value))))
            strbuf_addf(out, " %s", a->items[i].name);
    }
}

void imap_notify_annotations(struct imap *s, const char *name, struct metadata *known, bool tell)
{
    AUTO_STRBUF struct strbuf names = STRBUF_INIT(LINE_OCTETS_MAX), shown = STRBUF_INIT(LINE_OCTETS_MAX);
    struct metadata now;
    struct err ignored; /* the mailbox is gone: its name will be told of */
    if (mail_store_metadata(s->store, name, &now, &ignored))
        return;
    summarize(&now);
    add_differing(&now, known, false, &names);
    add_differing(known, &now, true, &names);
    metadata_done(known);
    *known = now;
    if (!tell || !names.len || imap_notify_is_own(s->notify, name ? name : ""))
        return;
    imap_mailbox_write(s, &shown, name ? name : "");
    imap_untagged(s, "METADATA %s%s", shown.data, names.data);
}
