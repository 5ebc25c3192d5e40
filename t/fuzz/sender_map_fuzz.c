/* sender_map_fuzz.c - any file: an address that is listed for a login is allowed to it, unless it is a pattern. */
#include "relay/sender_map.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf list = STRBUF_INIT(1 << 20);
    struct bytes map = bytes_from(data, size);
    if (size > 100000)
        return 0;
    sender_map_list(map, "anna", 1, &list);
    if (list.len && list.data[0] != '@' && !memchr(list.data, '\0', list.len) &&
        !sender_map_allows(map, "anna", strbuf_bytes(&list)))
        abort();
    if (!list.len && sender_map_allows(map, "anna", BYTES("x@y")))
        abort();
    return 0;
}
