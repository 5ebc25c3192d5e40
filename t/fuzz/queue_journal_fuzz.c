/* queue_journal_fuzz.c - a journal with any octets over a small envelope. */
#include "relay/queue_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ENVELOPE struct envelope env;
    struct journal_state state;
    envelope_init(&env);
    for (int i = 0; i < 3; i++)
        envelope_add(&env, RECIPIENT_REMOTE, BYTES("a@example.org"), "");
    journal_apply(bytes_from(data, size), &env, &state);
    return 0;
}
