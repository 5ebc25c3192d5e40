/*
 * queue_handin.h - a message that a user of this machine hands in: whose it is, and on its way.
 */
#ifndef RELAY_QUEUE_HANDIN_H
#define RELAY_QUEUE_HANDIN_H

#include "relay/queue_commit.h"

/* Embedded by its owner, who keeps it alive until done or handin_cancel. */
struct handin {
    struct commit
        *commit;      /* with its message and recipients; taken over. NULL: done, or nothing is going on */
    uid_t uid;        /* of the user */
    bool null_sender; /* an empty reverse-path is meant so; else it stands for the user's own address */
    const char *way;  /* for the log */
    /* The answer. Never from inside handin_start. */
    void (*done)(void *arg, int code, const char *text);
    void *arg;
    /* private */
    bool looking_up;
};

void handin_start(struct handin *h);
/* Nobody waits for the answer any more: what is not under way yet is forgotten. */
void handin_cancel(struct handin *h);

/* May this stand in an envelope? It has no control characters, and is not too long. */
bool handin_path_ok(struct bytes path);

#endif
