/*
 * imap_search_fuzz.c - a command is parsed, and its arguments are read as SEARCH's keys.
 */
#include "access/imap_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imap_parse p;
    enum imap_parse_event event = IMAP_PARSE_CONTINUE;
    struct bytes in = bytes_from(data, n);
    imap_parse_init(&p, &imap_parse_after_login);
    while (event == IMAP_PARSE_CONTINUE)
        in = bytes_skip(in, imap_parse_feed(&p, in, &event));
    if (event == IMAP_PARSE_DONE) {
        struct imap_search_limits limits = {.star_seq = 5, .star_uid = 50};
        struct imap_search_node *root;
        const char *why;
        struct imap_args a = imap_args_of(&p, 2);
        if (imap_search_parse(&a, &limits, &root, &why) == IMAP_SEARCH_READ)
            imap_search_free(root);
    }
    imap_parse_done(&p);
    return 0;
}
