/*
 * queue_onward.h - a message goes on to other addresses as a message of its own: what a recipient of a message in the spool
 * expands to, and what ~/.forward says.
 *
 * The new message is delivered or durable in the spool when the verdict comes, which is then the verdict of the recipient
 * whom it came from.
 */
#ifndef RELAY_QUEUE_ONWARD_H
#define RELAY_QUEUE_ONWARD_H

#include "relay/queue.h"

struct onward {
    struct queue *q;
    const struct envelope *env;   /* of the message */
    const struct recipient *from; /* whose mail it is */
    const struct content *content;
    const struct route_target *targets;
    size_t n;
    const char *delivered_to; /* address for a line against loops; NULL: none */
};

/* done is called once, never from inside this call; what `what` points to is needed during the call only. false: it cannot
 * be done now, and done is not called. */
bool onward_start(const struct onward *what, void (*done)(void *arg, int code, const char *text), void *arg);

#endif
