/* smtp_chunk_fuzz.c - cut anywhere, a message is the same; what comes out has no CR and ends in LF. */
#include "relay/smtp_chunk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run(const uint8_t *data, size_t size, size_t step, struct strbuf *out)
{
    struct smtp_chunk c = {0};
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        smtp_chunk_feed(&c, bytes_from(data + at, n), at + n == size, out);
    }
    return c.bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(1 << 20), pieces = STRBUF_INIT(1 << 20);
    if (size < 2 || size > 100000)
        return 0;
    bool bad = run(data + 1, size - 1, size, &whole);
    if (run(data + 1, size - 1, data[0] % 7 + 1, &pieces) != bad)
        abort();
    if (bad)
        return 0;
    if (!bytes_eq(strbuf_bytes(&whole), strbuf_bytes(&pieces)) || memchr(whole.data, '\r', whole.len))
        abort();
    if (!whole.len || whole.data[whole.len - 1] != '\n')
        abort();
    return 0;
}
