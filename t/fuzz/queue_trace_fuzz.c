/* queue_trace_fuzz.c - the start of any message, an address of anybody: loops, hops, routes, a report. */
#include "relay/queue_bounce.h"
#include "relay/queue_route.h"
#include "relay/queue_trace.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = bytes_from(data, size);
    struct route_rules rules = {.hostname = "h", .subaddress = '+'};
    char *names[ROUTE_NAMES_MAX];
    bool remote;
    trace_hops(b);
    trace_loops(b, BYTES("a@b"));
    for (size_t n = route_names(&rules, b, names, &remote); n > 0; n--)
        free(names[n - 1]);
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
