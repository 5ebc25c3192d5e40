/* queue_trace_fuzz.c - the start of any message: loops, hops, a report. */
#include "relay/queue_bounce.h"
#include "relay/queue_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = bytes_from(data, size);
    trace_hops(b);
    trace_loops(b, BYTES("a@b"));
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(BOUNCE_MAX), text = STRBUF_INIT(1 << 20);
    envelope_init(&env);
    strbuf_addb(&text, b);
    recipient_verdict(envelope_add(&env, RECIPIENT_REMOTE, BYTES("a"), ""), 550, text.data);
    const struct recipient *failed[] = {&env.rcpts[0]};
    struct bounce bounce = {.env = &env, .hostname = "h", .id = "0", .original = b, .relay = "r"};
    bounce_write(&bounce, failed, 1, &out);
    return 0;
}
