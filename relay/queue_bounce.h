/*
 * queue_bounce.h - the report to a sender whose message could not be delivered (RFC 3464). Pure.
 */
#ifndef RELAY_QUEUE_BOUNCE_H
#define RELAY_QUEUE_BOUNCE_H

#include "relay/envelope.h"

#include <time.h>

#define BOUNCE_MAX        (512u << 10) /* octets of a report */
#define BOUNCE_HEADER_MAX (64u << 10)  /* octets of the original header that are returned */

struct bounce {
    const struct envelope *env; /* of the message that failed */
    const char *hostname;
    const char *id; /* of the report: Message-ID and boundary */
    time_t now;
    struct bytes original; /* the start of the message: its header, and as little else as possible */
};

/* Append the report, LF line ends. false: too large. */
bool bounce_write(const struct bounce *b, const struct recipient *const *failed, size_t nfailed,
                  struct strbuf *out);

#endif
