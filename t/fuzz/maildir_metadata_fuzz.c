/* maildir_metadata_fuzz.c - posthouse-metadata with any octets: entries are in order, within their limits, and each is found. */
#include "base/cleanup.h"
#include "maildir/maildir_metadata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_METADATA struct metadata m;
    metadata_parse(&m, bytes_from(data, size));
    if (m.n > METADATA_ENTRIES_MAX)
        abort();
    for (size_t i = 0; i < m.n; i++) {
        const struct metadata_entry *item = &m.items[i];
        if (strlen(item->name) > METADATA_NAME_MAX || item->value.len > METADATA_VALUE_MAX ||
            metadata_find(&m, item->name) != item || (i && strcmp(item[-1].name, item->name) >= 0))
            abort();
    }
    return 0;
}
