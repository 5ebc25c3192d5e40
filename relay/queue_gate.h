/*
 * queue_gate.h - before a message of somebody of this machine goes anywhere: is it within the sending limits?
 */
#ifndef RELAY_QUEUE_GATE_H
#define RELAY_QUEUE_GATE_H

#include "relay/queue.h"

struct account;

/* The rules for an account (NULL: for a uid that has none). */
struct limit_rules gate_rules(const struct queue *q, const struct account *account);
/* Counts the message. Over a limit it is marked held (env->held), and the administrator and the sender are told, once a day.
 * false: it is refused, with 450. Strangers and root have no limits. */
bool gate_pass(struct queue *q, struct envelope *env, const struct limit_rules *rules);

#endif
