#include "base/text.h"
#include "maildir/mutf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One form for each name: what can be decoded encodes to itself, and the other way round. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_STRBUF struct strbuf there = STRBUF_INIT(8 * n + 16), back = STRBUF_INIT(16 * n + 16);
    struct bytes in = bytes_from(data, n);
    if (mutf7_decode(&there, in) &&
        (!utf8_valid(strbuf_bytes(&there)) || !mutf7_encode(&back, strbuf_bytes(&there)) ||
         !bytes_eq(strbuf_bytes(&back), in)))
        __builtin_trap();
    strbuf_clear(&there);
    strbuf_clear(&back);
    if (mutf7_encode(&there, in) &&
        (!mutf7_decode(&back, strbuf_bytes(&there)) || !bytes_eq(strbuf_bytes(&back), in)))
        __builtin_trap();
    return 0;
}
