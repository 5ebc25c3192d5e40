/* maildir_sidecar_fuzz.c - posthouse-keywords with any octets: what is written again says the same. */
#include "maildir/maildir_sidecar.h"

#include <stdlib.h>

static void same(const struct sidecar *a, const struct sidecar *b)
{
    if (a->live != b->live)
        abort();
    for (unsigned i = 0; i < SIDECAR_END; i++)
        if (!sidecar_name(a, i) != !sidecar_name(b, i) ||
            (sidecar_name(a, i) && strcmp(sidecar_name(a, i), sidecar_name(b, i)) != 0))
            abort();
    for (size_t i = 0; i < a->n; i++) {
        struct bytes base = bytes_from(a->text.data + a->marks[i].base_at, a->marks[i].base_len);
        if (sidecar_mask(b, base) != a->marks[i].mask || a->marks[i].mask & ~SIDECAR_MASK)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(8 * size + 4096);
    struct sidecar a, b;
    struct err e;
    sidecar_init(&a);
    sidecar_init(&b);
    if (!sidecar_parse(&a, bytes_from(data, size), &e)) {
        sidecar_format(&a, NULL, NULL, &text);
        if (text.overflow || sidecar_parse(&b, strbuf_bytes(&text), &e))
            abort();
        same(&a, &b);
    }
    sidecar_done(&a);
    sidecar_done(&b);
    return 0;
}
