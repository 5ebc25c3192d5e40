/* smtp_params_fuzz.c - whatever stands behind a path: what is taken holds no control character and no blank. */
#include "relay/smtp_params.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_clean(struct bytes b, size_t max)
{
    if (b.n > max)
        abort();
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] <= ' ' || b.p[i] == 127)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_params mail = {.size_max = 1 << 20};
    struct rcpt_params rcpt = {.smtputf8 = size && data[0] & 1};
    if (!mail_params_parse(bytes_from(data, size), &mail)) {
        must_be_clean(mail.envid, ENVELOPE_ENVID_MAX);
        if (mail.size > mail.size_max || mail.ret > RET_FULL)
            abort();
    }
    if (!rcpt_params_parse(bytes_from(data, size), &rcpt)) {
        must_be_clean(rcpt.orcpt, ENVELOPE_ORCPT_MAX);
        if (rcpt.notify > NOTIFY_ALL || (rcpt.notify & NOTIFY_NEVER && rcpt.notify != NOTIFY_NEVER))
            abort();
    }
    return 0;
}
