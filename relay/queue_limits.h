/*
 * queue_limits.h - how much somebody of this machine may send: messages and recipients in an hour and in a day. Pure: the
 * clock is an argument.
 */
#ifndef RELAY_QUEUE_LIMITS_H
#define RELAY_QUEUE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMITS_SENDERS_MAX 100000 /* that are remembered; the longest silent go first */
#define LIMITS_HELD_MAX                                                                                      \
    100 /* messages of one sender that are kept for the operator in a day; more are refused */

enum limit {
    LIMIT_MESSAGES_HOUR,
    LIMIT_RECIPIENTS_HOUR,
    LIMIT_MESSAGES_DAY,
    LIMIT_RECIPIENTS_DAY,
    LIMIT_KINDS
};

struct limit_rules {
    int64_t most[LIMIT_KINDS]; /* 0: no limit */
};

enum limit_verdict {
    LIMIT_PASS,
    LIMIT_HOLD,       /* over a limit: keep it for the operator */
    LIMIT_HOLD_FIRST, /* the first one for a day: tell somebody */
    LIMIT_REFUSE,     /* enough are kept already */
};

struct limits;

struct limits *limits_new(void);
void limits_free(struct limits *l);
/* A message of this sender to so many recipients wants to go. What passes is counted; *which: the limit that it breaks. The
 * last hour (day) is reckoned from the present one and the share of the one before that is not yet over. */
enum limit_verdict limits_ask(struct limits *l, const char *sender, const struct limit_rules *rules,
                              size_t recipients, uint64_t now, enum limit *which);
/* "300 messages an hour" */
const char *limit_unit(enum limit which);

#endif
