/*
 * imap_section_fuzz.c - a command is parsed, and its atoms that begin with BODY[ are read as sections.
 */
#include "access/imap_section.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imap_parse p;
    enum imap_parse_event event = IMAP_PARSE_CONTINUE;
    struct bytes in = bytes_from(data, n), text;
    imap_parse_init(&p, &imap_parse_after_login);
    while (event == IMAP_PARSE_CONTINUE)
        in = bytes_skip(in, imap_parse_feed(&p, in, &event));
    struct imap_args a = imap_args_of(&p, 2);
    while (event == IMAP_PARSE_DONE && imap_args_atom(&a, &text)) {
        struct imap_section section;
        if (!bytes_starts_nocase(text, BYTES("BODY[")) ||
            !imap_section_parse(&section, bytes_skip(text, 5), &a))
            continue;
        if (section.depth > IMAP_SECTION_DEPTH_MAX || (section.partial && section.count == 0))
            abort();
    }
    imap_parse_done(&p);
    return 0;
}
