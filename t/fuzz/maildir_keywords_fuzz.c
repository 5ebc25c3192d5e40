/* maildir_keywords_fuzz.c - dovecot-keywords with any octets: names stay unique, and are found. */
#include "maildir/maildir_keywords.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keywords kw = {.dirty = false};
    keywords_parse(&kw, bytes_from(data, size));
    for (int i = 0; i < MAIL_LETTERS_MAX; i++)
        if (kw.names[i] && keywords_find(&kw, kw.names[i]) != i)
            abort();
    keywords_done(&kw);
    return 0;
}
