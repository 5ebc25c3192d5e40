/*
 * imap_cmd_sort.c - SORT and UID SORT (RFC 5256), with RETURN (RFC 5267).
 */
#include "access/imap_commands.h"
#include "access/imap_sort.h"
#include "base/cleanup.h"

static void sort_and_tell(struct imap *s, const struct imap_sort *sort, const struct imap_search_node *root,
                          const struct imap_return_options *options)
{
    AUTO_RESULTS struct imap_results r = {NULL, 0};
    imap_results_search(s, root, &r);
    imap_sort_run(s, sort, &r);
    imap_results_tell(s, options, "SORT", &r, root->uses & IMAP_SEARCH_USES_MODSEQ);
    imap_ok(s, "Sorted");
}

enum imap_status imap_cmd_sort(struct imap *s)
{
    struct imap_return_options options;
    struct imap_sort sort;
    struct imap_search_node *root = NULL;
    if (!imap_return_parse(s, &options) || !imap_sort_parse(s, &sort))
        return s->reply.status;
    if (imap_session_search_keys(s, true, &root))
        sort_and_tell(s, &sort, root, &options);
    else if (options.what & IMAP_RETURN_SAVE && s->reply.status == IMAP_NO)
        imap_saved_clear(s);
    imap_search_free(root);
    return s->reply.status;
}
