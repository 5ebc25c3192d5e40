/*
 * queue_locals.h - deliverers: one posthouse-local for each account that has mail just now.
 */
#ifndef RELAY_QUEUE_LOCALS_H
#define RELAY_QUEUE_LOCALS_H

#include "relay/relay_msg.h"

#define LOCALS_MAX         64    /* deliverers at a time */
#define LOCALS_IN_FLIGHT   64    /* messages at one deliverer */
#define LOCALS_KEEP_MS     3000  /* without work; the deliverer itself waits longer */
#define LOCALS_DEADLINE_MS 60000 /* for a verdict, from the asking on */

struct locals;
struct local;

/* One message for one account. Embedded by its owner, who keeps everything alive until done. */
struct local_job {
    const char *account, *unique;
    struct bytes head;
    int fd; /* read-only */
    uint64_t offset, size;
    const char *folder; /* NULL: INBOX; else if there is such a folder */
    /* Addresses that the user's ~/.forward names: it is to go there, too. Released by locals_forget. */
    char **forwards;
    size_t nforwards;
    bool repeat; /* it may have been delivered before */
    /* The deliverer's word: ERR_OK: durable in the Maildir. Never from inside locals_deliver. */
    void (*done)(struct local_job *job, enum err_code code, const char *text);
    void *arg;
    /* private */
    struct local_job *next;
    struct locals *locals;
    struct local *at;
    struct timer deadline;
    uint32_t id;
    bool sent, again;
};

struct locals *locals_new(struct loop *loop, struct chan *master);
void locals_deliver(struct locals *locals, struct local_job *job);
/* Release what came with its verdict. */
void locals_forget(struct local_job *job);
/* DELIVERER_READY, DELIVERER_FAILED: true if the id is one of ours. */
bool locals_ready(struct locals *locals, uint32_t id, int fd);
bool locals_failed(struct locals *locals, uint32_t id, bool permanent, const char *text);

#endif
