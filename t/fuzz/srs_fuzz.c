/* srs_fuzz.c - a sender that is rewritten comes back as itself; nothing else comes back. */
#include "relay/address_normal.h"
#include "relay/srs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct siphash_key key = {{7, 9}};
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX), sent = STRBUF_INIT(ADDRESS_NORMAL_MAX),
                              back = STRBUF_INIT(ADDRESS_NORMAL_MAX), none = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    struct bytes in = bytes_from(data, size), local, domain;
    if (srs_decode(&none, &key, 86400, in) == SRS_OK && !none.len)
        abort();
    if (!address_written(&path, in) || !srs_encode(&sent, &key, 86400, strbuf_bytes(&path), "host.example"))
        return 0;
    address_cut(strbuf_bytes(&sent), &local, &domain);
    if (!bytes_starts_nocase(strbuf_bytes(&path), BYTES("SRS")) &&
        (srs_decode(&back, &key, 86400, local) != SRS_OK ||
         !bytes_eq(strbuf_bytes(&back), strbuf_bytes(&path))))
        abort();
    return 0;
}
