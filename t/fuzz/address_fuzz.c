/* address_fuzz.c - a path that is taken reads back as itself, and holds no control character, blank outside
 * quotes or 8-bit octet. */
#include "relay/address.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beyond ASCII: reads back as itself, and holds no control character. */
static void utf8_too(struct bytes in)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 8),
                              again = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 8),
                              text = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 10);
    if (address_path_utf8(&in, &path))
        return;
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.data[i] < ' ' || path.data[i] == 127)
            abort();
    strbuf_addf(&text, "<%s>", path.data);
    in = strbuf_bytes(&text);
    if (address_path_utf8(&in, &again) || !bytes_eq(strbuf_bytes(&path), strbuf_bytes(&again)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    utf8_too(bytes_from(data, size));
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 8),
                              again = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 8),
                              text = STRBUF_INIT(ADDRESS_PATH_MAX * 2 + 10);
    struct bytes in = bytes_from(data, size);
    if (address_path(&in, &path))
        return 0;
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] < ' ' || path.data[i] > '~')
            abort();
    strbuf_addf(&text, "<%s>", path.data);
    in = strbuf_bytes(&text);
    if (address_path(&in, &again) || !bytes_eq(strbuf_bytes(&path), strbuf_bytes(&again)))
        abort();
    return 0;
}
