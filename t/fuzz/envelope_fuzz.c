/* envelope_fuzz.c - a spool file's envelope with any octets; what decodes must encode to the same again. */
#include "relay/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope env;
    struct err e;
    size_t used;
    if (envelope_decode(&env, bytes_from(data, size), &used, &e))
        return 0;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    struct envelope back;
    if (!envelope_encode(&env, true, &out) || envelope_decode(&back, strbuf_bytes(&out), &used, &e) ||
        back.nrcpts != env.nrcpts)
        abort();
    envelope_done(&back);
    envelope_done(&env);
    return 0;
}
