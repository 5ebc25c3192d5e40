#include "access/imap_base_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A base is never longer than its subject, and the same subject has the same one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_STRBUF struct strbuf base = STRBUF_INIT(n + 1), again = STRBUF_INIT(n + 1);
    bool reply = imap_base_subject(bytes_from(data, n), &base);
    if (imap_base_subject(bytes_from(data, n), &again) != reply || base.overflow || base.len > n ||
        !bytes_eq(strbuf_bytes(&base), strbuf_bytes(&again)))
        __builtin_trap();
    return 0;
}
