/*
 * imap_seqset_fuzz.c - sets are sorted, without overlaps, and as large as their text allows.
 */
#include "access/imap_seqset.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct imap_seqset set;
    if (n < 1 || !imap_seqset_parse(&set, bytes_from(data + 1, n - 1), data[0]))
        return 0;
    for (size_t i = 0; i < set.n; i++) {
        if (set.ranges[i].lo == 0 || set.ranges[i].lo > set.ranges[i].hi)
            abort();
        if (i > 0 && set.ranges[i - 1].hi >= set.ranges[i].lo)
            abort();
        if (!imap_seqset_has(&set, set.ranges[i].lo) || !imap_seqset_has(&set, set.ranges[i].hi))
            abort();
    }
    imap_seqset_done(&set);
    return 0;
}
