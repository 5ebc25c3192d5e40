/*
 * queue_remotes.h - senders: posthouse-remote processes, one message at a time each, a limited number for one
 * destination.
 */
#ifndef RELAY_QUEUE_REMOTES_H
#define RELAY_QUEUE_REMOTES_H

#include "relay/queue.h"
#include "relay/queue_fair.h"

#define REMOTES_PER_DESTINATION 5
#define REMOTES_KEEP_MS         10000
#define REMOTES_DEADLINE_MS     (45 * 60 * 1000)

struct remotes;
struct remote;

/* One message for one destination. Embedded by its owner, who keeps everything alive until done. */
struct outbound {
    const struct envelope *env;
    const char *reverse_path; /* to be told: the envelope's, or a rewritten one */
    struct recipient **rcpts; /* verdicts are set in them */
    size_t nrcpts;
    int fd; /* read-only */
    uint64_t offset, size;
    void (*done)(struct outbound *job); /* each recipient has a verdict. Never from inside remotes_send */
    void *arg;
    /* private */
    struct fair_entry turn;
    struct remotes *remotes;
    struct timer timer;
    bool *answered;
    uint32_t id;
};

struct remotes *remotes_new(struct queue *q);
void remotes_send(struct remotes *remotes, struct outbound *job);
/* DELIVERER_READY, DELIVERER_FAILED: true if the id is one of ours. */
bool remotes_ready(struct remotes *remotes, uint32_t id, int fd);
bool remotes_failed(struct remotes *remotes, uint32_t id, const char *text);
/* The destination did not answer a moment ago: it is left alone. */
bool remotes_resting(const struct remotes *remotes);
/* Forget that the destination did not answer (the operator asked to try now). */
void remotes_wake(struct remotes *remotes);

#endif
