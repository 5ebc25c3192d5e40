/*
 * queue_report.h - telling senders what became of their messages.
 */
#ifndef RELAY_QUEUE_REPORT_H
#define RELAY_QUEUE_REPORT_H

#include "relay/queue.h"

#define REPORT_RCPT_MAX 500 /* recipients of one report; of more the first */

/* A message of ours on its way into the spool. */
struct report {
    bool wanted; /* there is one */
    struct envelope env;
    struct strbuf text;
    struct content content;
};

/* Compose a report about the latest verdicts of these recipients, if its sender wants one (bounce_wanted) and has an
 * address. content: of the message itself. */
void report_make(struct report *r, struct queue *q, const struct envelope *env, const struct content *content,
                 const struct recipient *const *rcpts, size_t n, bool late);
/* A notice of ours to somebody, words alone. */
void report_notice(struct report *r, struct queue *q, const char *to, const char *subject,
                   struct bytes words);
/* Into the spool, durable when 0 is returned. For a thread (queue_disk.h). */
int report_put(struct report *r, struct store *store, struct err *e);
/* It is there: on its way. */
void report_send(struct report *r, struct queue *q);
void report_done(struct report *r);

#endif
