/*
 * imap_zip_fuzz.c - what a client may send after COMPRESS: cut anywhere and with rests in between, the same comes out as at once, in
 * portions of the size that was asked for.
 */
#include "access/imap_zip.h"

#include "base/strbuf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define OUT_MAX 65536

static void run(struct strbuf *out, const char *p, size_t n, size_t piece, bool rests)
{
    struct imap_zip *zip = imap_zip_new();
    char room[512];
    for (size_t at = 0; at < n && out->len < OUT_MAX;) {
        const char *from = p + at;
        size_t left = n - at < piece ? n - at : piece, had = left;
        do {
            long got = imap_zip_inflate(zip, &from, &left, room, sizeof(room));
            if (got < 0)
                goto end;
            if ((size_t)got > sizeof(room))
                abort();
            strbuf_add(out, room, (size_t)got);
        } while ((left || imap_zip_has_more(zip)) && out->len < OUT_MAX);
        at += had - left;
        if (rests)
            imap_zip_rest(zip);
    }
end:
    imap_zip_free(zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2 || n > 20000)
        return 0;
    struct strbuf whole = STRBUF_INIT(2 * OUT_MAX), cut = STRBUF_INIT(2 * OUT_MAX);
    run(&whole, (const char *)data + 1, n - 1, n, false);
    run(&cut, (const char *)data + 1, n - 1, 1 + data[0] / 4, data[0] & 1);
    size_t same = whole.len < cut.len ? whole.len : cut.len;
    if (memcmp(whole.data, cut.data, same))
        abort();
    strbuf_done(&whole);
    strbuf_done(&cut);
    return 0;
}
