/* proxy_fuzz.c - whatever a proxy sends: what was not enough stays a beginning, what is enough is enough with more behind it, and
 * the header is no longer than what there is. */
#include "base/proxy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole, part;
    enum proxy_result result = proxy_parse(bytes_from(data, size), &whole);
    if (result == PROXY_DONE && (whole.size > size || whole.size > PROXY_HEADER_MAX))
        abort();
    if (result == PROXY_MORE && size >= PROXY_HEADER_MAX)
        abort();
    for (size_t n = 0; n < size && n <= PROXY_HEADER_MAX; n++) {
        enum proxy_result early = proxy_parse(bytes_from(data, n), &part);
        if (early != PROXY_MORE) {
            if (early != result || (early == PROXY_DONE && part.size != whole.size))
                abort();
            break;
        }
    }
    return 0;
}
