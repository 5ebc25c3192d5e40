/*
 * queue_bounce.h - the report to a sender about what became of a message: failed, late, or delivered (RFC 3464, in what
 * is not ASCII RFC 6533). Pure.
 */
#ifndef RELAY_QUEUE_BOUNCE_H
#define RELAY_QUEUE_BOUNCE_H

#include "relay/envelope.h"

#include <time.h>

#define BOUNCE_MAX        (768u << 10) /* octets of a report */
#define BOUNCE_HEADER_MAX (64u << 10)  /* octets of the original header that are returned */
#define BOUNCE_FULL_MAX                                                                                      \
    (256u << 10) /* octets of a whole message that is returned; of larger ones only the header */

struct bounce {
    const struct envelope *env; /* of the message */
    const char *hostname;
    const char *id; /* of the report: Message-ID and boundary */
    time_t now;
    struct bytes
        original; /* the start of the message: its header, and as little else as possible; with whole, all */
    bool whole;   /* return it all (RET=FULL) */
    const char *relay; /* NULL, or the server that answered for recipients elsewhere */
    time_t give_up;    /* when late ones are given up, 0: not said */
};

/* Is the sender to be told of this recipient's verdict (RFC 3461 4.1)? Of one that must wait only with `late`. */
bool bounce_wanted(const struct recipient *r, bool late);

/* Append the report about these recipients, LF line ends. false: too large. */
bool bounce_write(const struct bounce *b, const struct recipient *const *rcpts, size_t n, struct strbuf *out);

#endif
