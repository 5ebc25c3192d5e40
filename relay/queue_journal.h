/*
 * queue_journal.h - what became of a spooled message's recipients, as records appended to a file beside it.
 * Pure.
 *
 * A crash may cut off the last append: whatever follows the last whole record with a right checksum is
 * ignored, and costs at worst one more delivery.
 */
#ifndef RELAY_QUEUE_JOURNAL_H
#define RELAY_QUEUE_JOURNAL_H

#include "relay/envelope.h"

#define JOURNAL_REASON_MAX 200        /* octets of why a message is held */
#define JOURNAL_MAX        (8u << 20) /* octets that are read; a longer one is corrupt */

/* How often and when a message was tried, and whether it may be. */
struct journal_state {
    uint32_t attempts;
    uint64_t last;       /* seconds since 1970 */
    uint64_t delay_told; /* when the sender was told that it takes long; 0: not */
    bool held;
    char reason[JOURNAL_REASON_MAX + 1];
};

/* Append to out. */
void journal_put_verdict(struct strbuf *out, uint32_t number, uint32_t code, const char *text);
void journal_put_attempt(struct strbuf *out, uint64_t when);
/* The sender was told that it takes long. */
void journal_put_delay(struct strbuf *out, uint64_t when);
void journal_put_held(struct strbuf *out, bool held, const char *reason);
/* Apply all whole records to the recipients and to *state. Returns the octets used. */
size_t journal_apply(struct bytes journal, struct envelope *env, struct journal_state *state);

#endif
