/* sendmail_header_fuzz.c - any octets on the standard input of sendmail -t: no Bcc, no NUL and no CR survives
 * in the header. */
#include "relay/sendmail_header.h"
#include "relay/sendmail_input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(1 << 20), out = STRBUF_INIT(1 << 21);
    struct header_fill fill = {"n\"\\\n", "a@b", "date", "<id>"};
    struct input_filter f = {.ignore_dots = size % 2};
    struct addresses list = {.n = 0};
    if (size > 1 << 19)
        return 0;
    input_filter_add(&f, &in, bytes_from(data, size));
    input_filter_end(&f, &in);
    ssize_t n = header_rewrite(strbuf_bytes(&in), &fill, &list, &out);
    if (n > (ssize_t)in.len || memchr(out.data, '\0', out.len) || memchr(out.data, '\r', out.len) ||
        strcasestr(out.data, "\nBcc:"))
        abort();
    addresses_done(&list);
    return 0;
}
