/* maildirsize_fuzz.c - maildirsize with any octets: sums are never negative, and what we write reads back. */
#include "maildir/maildirsize.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maildirsize m, again;
    if (!maildirsize_parse(&m, bytes_from(data, size)))
        return 0;
    if (m.octets < 0 || m.messages < 0 || m.limit_octets < 0 || m.limit_messages < 0)
        abort();
    struct strbuf text = STRBUF_INIT(MAILDIRSIZE_MAX_BYTES);
    maildirsize_format(&text, &m);
    if (!maildirsize_parse(&again, strbuf_bytes(&text)) || again.octets != m.octets ||
        again.messages != m.messages || again.limit_octets != m.limit_octets)
        abort();
    strbuf_done(&text);
    return 0;
}
