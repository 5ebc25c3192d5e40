/*
 * imap_cmd_search.c - SEARCH and UID SEARCH (RFC 3501, RFC 9051, RFC 4731).
 */
#include "access/imap_commands.h"
#include "access/imap_results.h"
#include "base/cleanup.h"

static enum imap_status search(struct imap *s, const struct imap_search_node *root,
                               const struct imap_return_options *options)
{
    AUTO_RESULTS struct imap_results r = {NULL, 0};
    imap_results_search(s, root, &r);
    imap_results_tell(s, options, "SEARCH", &r, root->uses & IMAP_SEARCH_USES_MODSEQ);
    return imap_ok(s, "Searched");
}

enum imap_status imap_cmd_search(struct imap *s)
{
    struct imap_return_options options;
    struct imap_search_node *root;
    if (!imap_return_parse(s, &options))
        return s->reply.status;
    if (imap_session_search_keys(s, false, &root))
        search(s, root, &options);
    else if (options.what & IMAP_RETURN_SAVE && s->reply.status == IMAP_NO)
        imap_saved_clear(s);
    imap_search_free(root);
    return s->reply.status;
}
