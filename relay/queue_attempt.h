/*
 * queue_attempt.h - one round over a message's recipients: route those that are not routed, deliver, collect
 * verdicts.
 */
#ifndef RELAY_QUEUE_ATTEMPT_H
#define RELAY_QUEUE_ATTEMPT_H

#include "relay/queue.h"

struct attempt_leg;

/* Embedded by its owner, who keeps envelope and content alive until done. */
struct attempt {
    struct queue *q;
    struct envelope *env;
    struct content content; /* read-only descriptor */
    bool repeat;            /* deliveries may have been done before: a crash, a lost answer */
    bool remote;            /* send what goes elsewhere too; else such recipients stay without a verdict */
    void (*done)(struct attempt *a);
    void *arg;
    /* private */
    struct attempt_leg *legs;
    struct recipient **remote_rcpts;
    size_t nremote, pending;
    struct outbound *remote_jobs; /* two: to whom it was addressed, and forwarded */
    struct strbuf srs;            /* sender of what is forwarded */
    struct strbuf start; /* of the message, for loops */
    struct timer timer;
    uint64_t began, routed; /* microseconds since 1970 */
};

/* done is called once, never from inside this call. Recipients with a final verdict are left alone. */
void attempt_start(struct attempt *a);

/* A deliverer's verdict as SMTP says it to strangers: code and words without paths. */
void attempt_verdict(struct recipient *r, enum err_code code);

#endif
