/* maildir_courier_keywords_fuzz.c - courierimapkeywords/ with any octets: ":list", then "<file> <LF> <content>" separated by NUL. */
#include "maildir/maildir_courier.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct courier_keywords kw = {.n = 0};
    struct bytes rest = bytes_from(data, size);
    courier_keywords_parse(&kw, bytes_split(&rest, 0));
    while (rest.p) {
        struct bytes update = bytes_split(&rest, 0), file = bytes_split(&update, '\n');
        courier_keywords_parse_update(&kw, file, update);
    }
    courier_keywords_merge(&kw);
    for (size_t i = 0; i < kw.n; i++) {
        if (!kw.marks[i].base.n || (i && courier_by_base(&kw.marks[i - 1], &kw.marks[i]) >= 0))
            abort();
        for (size_t n = kw.nnames; n < COURIER_KEYWORDS_MAX; n++)
            if (kw.marks[i].set[n / 64] >> (n % 64) & 1)
                abort();
    }
    courier_keywords_done(&kw);
    return 0;
}
