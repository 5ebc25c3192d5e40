/* pop3_uidl_fuzz.c - any format: what passes the check makes a UIDL that RFC 1939 allows; any other is survived. */
#include "access/pop3_uidl.h"
#include "base/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(4096);
    AUTO_FREE char *format = bytes_dup(bytes_from(data, size));
    struct pop3_uidl of = {
        .uid = 12, .validity = 4000000000, .file = BYTES("1700000000.M1P2.host"), .guid = BYTES("guid")};
    struct err e;
    if (!format)
        return 0; /* it has a NUL */
    pop3_uidl_check(format, &e);
    pop3_uidl_write(format, &of, &out);
    if (out.overflow || out.len == 0 || out.len > POP3_UIDL_MAX)
        abort();
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] <= ' ' || out.data[i] > '~')
            abort();
    return 0;
}
