/* maildir_courier_pop3_fuzz.c - courierpop3dsizelist with any octets: each UIDL can stand in a field of the uidlist. */
#include "base/text.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_uidlist.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    struct courier_pop3 *lines = courier_pop3_parse(bytes_from(data, size), &n);
    for (size_t i = 0; i < n; i++) {
        AUTO_STRBUF struct strbuf uidl = STRBUF_INIT(UIDLIST_FIELDS_MAX - 1);
        courier_pop3_uidl(&uidl, &lines[i]);
        if (!uidl.len || uidl.overflow || !text_is_printable(strbuf_bytes(&uidl)) || strchr(uidl.data, ' '))
            abort();
    }
    free(lines);
    return 0;
}
