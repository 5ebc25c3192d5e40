/* remote_reply_fuzz.c - a hostile server's replies, one after another. */
#include "relay/remote_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_from(data, size), params;
    struct reply r;
    size_t used;
    reply_init(&r);
    while (reply_parse(in, &r, &used) == REPLY_DONE) {
        reply_keyword(&r, "SIZE", &params);
        in = bytes_skip(in, used);
    }
    reply_done(&r);
    return 0;
}
