/* smtp_repair_fuzz.c - whatever a mail program sends: no Bcc field is left, the header has its fields, and nothing else is lost. */
#include "relay/smtp_repair.h"

#include "maildir/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct repair how = {"anna@host", "DATE", "<id@host>", "host"};
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(16 << 20), again = STRBUF_INIT(16 << 20);
    struct header_field f;
    if (size > 100000)
        return 0;
    repair_header(bytes_from(data, size), &how, &out);
    if (header_find(strbuf_bytes(&out), "Bcc", &f) || !header_find(strbuf_bytes(&out), "Date", &f) ||
        !header_find(strbuf_bytes(&out), "From", &f))
        abort();
    repair_header(strbuf_bytes(&out), &how, &again);
    if (!bytes_eq(strbuf_bytes(&out), strbuf_bytes(&again)))
        abort();
    return 0;
}
