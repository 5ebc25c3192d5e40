/*
 * queue_commit.h - the end of a transaction: a message with its recipients is delivered, spooled, or refused.
 */
#ifndef RELAY_QUEUE_COMMIT_H
#define RELAY_QUEUE_COMMIT_H

#include "relay/queue_attempt.h"
#include "relay/queue_report.h"
#include "relay/queue_verdicts.h"

#define COMMIT_RCPT_MAX 20 /* more than this many recipients are not delivered while the sender waits */

struct commit {
    struct queue *q;
    struct envelope env;
    int fd; /* read-only, owned */
    uint64_t offset, size;
    bool counted;         /* by the sending limits, before */
    uint64_t memory;      /* for place_release */
    struct strbuf prefix; /* trace lines in front of it */
    bool keep;   /* a message that must wait is spooled even if no recipient could be served: the sender will
                  not come again */
    bool absent; /* nobody reads the reply: what is refused is reported */
    unsigned
        each; /* LMTP: so many addresses were asked about, and each gets a reply of its own; 0: one for all */
    struct verdict *verdicts; /* these, when done says that the message was taken */
    /* The reply. May be NULL when nobody waits for it any more. Never from inside commit_start. */
    void (*done)(void *arg, int code, const char *text);
    void *arg;
    struct limit_rules limits;
    /* private */
    struct attempt attempt;
    struct disk_job disk;
    struct report report;
    bool waits; /* the message itself goes into the spool */
    struct err failed;
};

/* Start with an id, no recipients, nothing to read. */
struct commit *commit_new(struct queue *q);
/* Before commit_start only. */
void commit_free(struct commit *c);
/* Do it; c frees itself after done. */
void commit_start(struct commit *c);

#endif
