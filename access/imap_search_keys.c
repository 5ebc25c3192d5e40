/*
 * imap_search_keys.c - the keys of SEARCH, SORT and THREAD as a session reads them: with its numbers, its "$", and what it may ask for.
 */
#include "access/imap_condstore.h"
#include "access/imap_results.h"
#include "base/cleanup.h"

#include <time.h>

#define CHARSETS "US-ASCII UTF-8 ISO-8859-1 ISO-8859-15 WINDOWS-1252 KOI8-R ISO-2022-JP GB18030"

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

bool imap_session_search_keys(struct imap *s, bool charset_first, struct imap_search_node **root)
{
    AUTO_SEQSET struct imap_seqset saved = {NULL, 0};
    imap_saved_set(s, true, &saved);
    struct imap_search_limits limits = {.star_seq = imap_view_count(&s->view),
                                        .star_uid = imap_view_uid(&s->view, imap_view_count(&s->view)),
                                        .saved = &saved,
                                        .now = time(NULL),
                                        .charset_first = charset_first,
                                        .no_charset = s->enabled & IMAP_ENABLED_UTF8 && !charset_first};
    const char *why;
    switch (imap_search_parse(&s->args, &limits, root, &why)) {
    case IMAP_SEARCH_SYNTAX:
        imap_bad(s, "%s", why);
        return false;
    case IMAP_SEARCH_CHARSET:
        imap_no(s, "[BADCHARSET (" CHARSETS ")] %s", why);
        return false;
    default:
        return allowed(s, *root);
    }
}
