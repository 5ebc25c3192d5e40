/* maildir_special_fuzz.c - posthouse-special-use with any octets: what is read has a folder and a use. */
#include "base/cleanup.h"
#include "maildir/maildir_special.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_uses uses;
    mail_uses_parse(&uses, bytes_from(data, size));
    for (size_t i = 0; i < uses.n; i++)
        if (!*uses.items[i].folder || *uses.items[i].uses != '\\')
            abort();
    mail_uses_done(&uses);
    return 0;
}
