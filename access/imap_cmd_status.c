/*
 * imap_cmd_status.c - STATUS.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

#include <stddef.h>

#define TEXT_MAX   16384
#define OF_SESSION SIZE_MAX

static const struct {
    const char *name;
    size_t offset; /* in struct mailbox_status, or OF_SESSION */
} items[] = {
    {"APPENDLIMIT", OF_SESSION}, /* RFC 7889 */
    {"MESSAGES", offsetof(struct mailbox_status, messages)},
    {"RECENT", offsetof(struct mailbox_status, recent)},
    {"UIDNEXT", offsetof(struct mailbox_status, uidnext)},
    {"UIDVALIDITY", offsetof(struct mailbox_status, uidvalidity)},
    {"UNSEEN", offsetof(struct mailbox_status, unseen)},
};

/* The wanted items as bits of their rows; 0: malformed. */
static unsigned read_items(struct imap *s)
{
    struct imap_args list;
    unsigned wanted = 0;
    if (!imap_args_list(&s->args, &list))
        return 0;
    while (!imap_args_end(&list)) {
        size_t i = 0;
        while (i < ARRAY_LEN(items) && !imap_args_word(&list, items[i].name))
            i++;
        if (i == ARRAY_LEN(items))
            return 0;
        wanted |= 1U << i;
    }
    return wanted;
}

static uint64_t value_of(const struct imap *s, const struct mailbox_status *status, size_t row)
{
    uint32_t value;
    if (items[row].offset == OF_SESSION)
        return s->options->append_limit;
    memcpy(&value, (const char *)status + items[row].offset, sizeof(value));
    return value;
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
        strbuf_addu(&text, value_of(s, status, i));
        separator = " ";
    }
    strbuf_adds(&text, ")");
    imap_untagged(s, "STATUS %s", text.data);
}

enum imap_status imap_cmd_status(struct imap *s)
{
    AUTO_FREE char *name = imap_session_mailbox(s);
    struct mailbox_status status = {0};
    struct err e;
    if (!name)
        return s->reply.status;
    unsigned wanted = read_items(s);
    if (!wanted)
        return imap_bad(s, "STATUS takes a list of MESSAGES, RECENT, UIDNEXT, UIDVALIDITY and UNSEEN");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (mail_store_status(s->store, name, &status, &e))
        return imap_no_err(s, &e);
    answer(s, name, &status, wanted);
    return imap_ok(s, "Counted");
}
