/*
 * imap_url_fuzz.c - CATENATE's URLs: what is taken has a UID and holds no controls.
 */
#include "access/imap_url.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void no_controls(const struct strbuf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] < ' ')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imap_url url;
    if (imap_url_parse(&url, bytes_from(data, n))) {
        if (!url.uid || (url.partial && !url.count))
            abort();
        no_controls(&url.mailbox);
        no_controls(&url.section);
    }
    imap_url_done(&url);
    return 0;
}
