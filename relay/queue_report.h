/*
 * queue_report.h - telling the sender what could not be delivered.
 */
#ifndef RELAY_QUEUE_REPORT_H
#define RELAY_QUEUE_REPORT_H

#include "relay/queue.h"

/* Spool a report about these recipients of env, durable when 0 is returned. Nothing to do (0) for the null
 * reverse-path. */
int report_failures(struct queue *q, const struct envelope *env, const struct content *content,
                    const struct recipient *const *failed, size_t nfailed);

#endif
