#include "base/text.h"
#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Encoded words become UTF-8 and not much of it; text without them is only unfolded. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes value = bytes_from(data, n);
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(12 * n + 64), flat = STRBUF_INIT(n);
    header_decode(&text, value);
    header_unfold(&flat, value);
    if (text.overflow || !utf8_valid(strbuf_bytes(&text)))
        __builtin_trap();
    if (utf8_valid(strbuf_bytes(&flat)) && !memmem(flat.data, flat.len, "=?", 2) &&
        !bytes_eq(strbuf_bytes(&text), strbuf_bytes(&flat)))
        __builtin_trap();
    AUTO_STRBUF struct strbuf scratch = STRBUF_INIT(n);
    if (!bytes_eq(header_text(&scratch, value), strbuf_bytes(&flat)))
        __builtin_trap();
    return 0;
}
