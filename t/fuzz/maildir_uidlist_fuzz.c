/* maildir_uidlist_fuzz.c - dovecot-uidlist with any octets: UIDs ascend below the next. */
#include "maildir/maildir_uidlist.h"

#include <stdlib.h>

static void check(const struct uidlist *ul)
{
    for (size_t i = 0; i < ul->n; i++) {
        struct bytes value;
        if (!ul->entries[i].uid || ul->entries[i].uid >= ul->next ||
            (i && ul->entries[i].uid <= ul->entries[i - 1].uid))
            abort();
        if (uidlist_find(ul, ul->entries[i].uid) != &ul->entries[i])
            abort();
        uidlist_field(uidlist_fields(ul, &ul->entries[i]), 'P', &value);
        if (!uidlist_base(ul, &ul->entries[i]).n)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct uidlist ul;
    struct err e;
    uidlist_init(&ul);
    if (!uidlist_parse(&ul, bytes_from(data, size), &e))
        check(&ul);
    uidlist_done(&ul);
    return 0;
}
