/*
 * imap_status_items.c - see imap_status_items.h.
 */
#include "access/imap_status_items.h"

#include "access/imap_condstore.h"
#include "base/cleanup.h"

#include <stddef.h>

#define TEXT_MAX      16384
#define OFFSET(field) offsetof(struct mailbox_status, field)

enum kind { OF_SESSION, U32, U64, U64_SIZES /* each message has to be asked */, ID };

static const struct {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct mailbox_status, but for OF_SESSION */
} items[] = {
    {"APPENDLIMIT", OF_SESSION, 0},                       /* RFC 7889 */
    {"HIGHESTMODSEQ", U64, OFFSET(highestmodseq)},        /* RFC 7162 */
    {"DELETED", U32, OFFSET(deleted)},                    /* RFC 9051, RFC 9208 */
    {"DELETED-STORAGE", U64_SIZES, OFFSET(deleted_size)}, /* RFC 9208 */
    {"MAILBOXID", ID, OFFSET(id)},                        /* RFC 8474 */
    {"MESSAGES", U32, OFFSET(messages)},
    {"RECENT", U32, OFFSET(recent)},
    {"SIZE", U64_SIZES, OFFSET(size)}, /* RFC 8438 */
    {"UIDNEXT", U32, OFFSET(uidnext)},
    {"UIDVALIDITY", U32, OFFSET(uidvalidity)},
    {"UNSEEN", U32, OFFSET(unseen)},
};

static unsigned read_items(struct imap *s, struct imap_args *list)
{
    unsigned wanted = 0;
    while (!imap_args_end(list)) {
        size_t i = 0;
        while (i < ARRAY_LEN(items) && !imap_args_word(list, items[i].name))
            i++;
        if (i == ARRAY_LEN(items))
            return 0;
        wanted |= 1U << i;
        if (items[i].kind == U64)
            imap_condstore_enable(s, IMAP_ENABLED_CONDSTORE);
    }
    return wanted;
}

unsigned imap_status_parse(struct imap *s, struct imap_args *a)
{
    AUTO_STRBUF struct strbuf known = STRBUF_INIT(1024);
    struct imap_args list;
    unsigned wanted = imap_args_list(a, &list) ? read_items(s, &list) : 0;
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        strbuf_addf(&known, "%s%s", i ? ", " : "", items[i].name);
    if (!wanted)
        imap_bad(s, "STATUS takes a list of %s", known.data);
    return wanted;
}

static void write_value(const struct imap *s, const struct mailbox_status *status, size_t row,
                        struct strbuf *out)
{
    const char *at = (const char *)status + items[row].offset;
    uint32_t narrow;
    uint64_t wide = s->options->append_limit;
    switch (items[row].kind) {
    case OF_SESSION:
        break;
    case U32:
        memcpy(&narrow, at, sizeof(narrow));
        wide = narrow;
        break;
    case U64:
    case U64_SIZES:
        memcpy(&wide, at, sizeof(wide));
        break;
    case ID:
        strbuf_addf(out, "(%s)", at);
        return;
    }
    strbuf_addu(out, wide);
}

static void answer(struct imap *s, const char *name, const struct mailbox_status *status, unsigned wanted)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(TEXT_MAX);
    const char *separator = "";
    imap_mailbox_write(s, &text, name);
    strbuf_adds(&text, " (");
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        if (!(wanted & 1U << i))
            continue;
        strbuf_addf(&text, "%s%s ", separator, items[i].name);
        write_value(s, status, i, &text);
        separator = " ";
    }
    strbuf_adds(&text, ")");
    imap_untagged(s, "STATUS %s", text.data);
}

int imap_status_answer(struct imap *s, const char *name, const char *shown_name, unsigned wanted,
                       struct err *e)
{
    struct mailbox_status status = {0};
    bool sizes = false;
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        sizes |= wanted & 1U << i && items[i].kind == U64_SIZES;
    if (mail_store_status(s->store, name, sizes, &status, e))
        return -1;
    answer(s, shown_name, &status, wanted);
    return 0;
}
