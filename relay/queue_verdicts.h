/*
 * queue_verdicts.h - LMTP (RFC 2033 4.2): a reply for each RCPT after the message, instead of one for all. Pure.
 */
#ifndef RELAY_QUEUE_VERDICTS_H
#define RELAY_QUEUE_VERDICTS_H

#include "relay/envelope.h"

struct verdict {
    int code; /* 0: taken; the text is the same for all that are */
    char *text;
};

/*
 * What each of the n addresses that were asked about gets to hear, by the recipients that it has become (recipient.asked):
 * taken if one of them has the message or is still to get it, else the failure, a temporary one before a final one. Who hears of a failure
 * must come again or tell the sender, so those recipients are over for us: final, and not to be reported. n malloc'ed verdicts.
 */
struct verdict *verdicts_take(struct envelope *env, unsigned n);
void verdicts_free(struct verdict *verdicts, unsigned n);

#endif
