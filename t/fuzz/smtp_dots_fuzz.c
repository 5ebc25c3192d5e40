/* smtp_dots_fuzz.c - cut anywhere, a message is the same; what comes out has no CR and is no longer than what
 * went in. */
#include "relay/smtp_dots.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t run(const uint8_t *data, size_t size, size_t step, struct strbuf *out, struct smtp_dots *d)
{
    size_t used = 0;
    smtp_dots_init(d);
    while (used < size && !d->ended) {
        size_t n = size - used < step ? size - used : step;
        used += smtp_dots_feed(d, bytes_from(data + used, n), out);
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(1 << 20), pieces = STRBUF_INIT(1 << 20);
    struct smtp_dots a, b;
    if (size < 1 || size > 100000)
        return 0;
    size_t step = data[0] % 7 + 1;
    size_t used = run(data + 1, size - 1, size, &whole, &a),
           same = run(data + 1, size - 1, step, &pieces, &b);
    if (used != same || a.bad != b.bad || a.ended != b.ended)
        abort();
    if (!bytes_eq(strbuf_bytes(&whole), strbuf_bytes(&pieces)) || whole.len > used ||
        memchr(whole.data, '\r', whole.len))
        abort();
    if (a.ended && !a.bad && (used < 3 || memcmp(data + 1 + used - 3, ".\r\n", 3)))
        abort();
    return 0;
}
