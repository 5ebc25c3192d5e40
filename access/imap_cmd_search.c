/*
 * imap_cmd_search.c - SEARCH and UID SEARCH.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_search.h"
#include "base/cleanup.h"

static void put_number(struct imap *s, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof(text), " %u", number);
    imap_puts(s, text);
}

static void search(struct imap *s, const struct imap_search_node *root)
{
    uint64_t modseq = 0;
    imap_puts(s, "* SEARCH");
    for (uint32_t seq = 1; seq <= imap_view_count(&s->view) && !s->io.dead; seq++) {
        uint32_t uid = imap_view_uid(&s->view, seq);
        const struct mail *mail = mailbox_find(s->mb, uid);
        if (!mail)
            continue;
        struct imap_candidate c = {.mb = s->mb, .mail = *mail, .seq = seq};
        if (imap_search_match(&c, root)) {
            put_number(s, s->by_uid ? uid : seq);
            modseq = c.mail.changed > modseq ? c.mail.changed : modseq;
        }
        imap_message_free(c.message);
    }
    if (modseq && root->uses & IMAP_SEARCH_USES_MODSEQ) {
        imap_puts(s, " (MODSEQ ");
        imap_put_number(s, modseq);
        imap_puts(s, ")");
    }
    imap_puts(s, "\r\n");
}

/* May it be asked for? False: the answer is settled. */
static bool allowed(struct imap *s, const struct imap_search_node *root)
{
    s->keeps_numbers = root->uses & IMAP_SEARCH_USES_NUMBERS;
    if (s->keeps_numbers && imap_uidonly(s)) {
        imap_bad(s, "[UIDREQUIRED] UIDONLY is enabled: name messages by UID");
        return false;
    }
    return !(root->uses & IMAP_SEARCH_USES_MODSEQ) || imap_condstore_use(s);
}

enum imap_status imap_cmd_search(struct imap *s)
{
    struct imap_search_limits limits = {.star_seq = imap_view_count(&s->view),
                                        .star_uid = imap_view_uid(&s->view, imap_view_count(&s->view))};
    struct imap_search_node *root;
    const char *why;
    switch (imap_search_parse(&s->args, &limits, &root, &why)) {
    case IMAP_SEARCH_SYNTAX:
        return imap_bad(s, "%s", why);
    case IMAP_SEARCH_CHARSET:
        return imap_no(s, "[BADCHARSET (US-ASCII UTF-8)] %s", why);
    default:
        if (allowed(s, root)) {
            search(s, root);
            imap_ok(s, "Searched");
        }
        imap_search_free(root);
        return s->reply.status;
    }
}
