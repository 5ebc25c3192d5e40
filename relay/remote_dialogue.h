/*
 * remote_dialogue.h - a connection to another server until messages can be sent, and how its words become verdicts.
 */
#ifndef RELAY_REMOTE_DIALOGUE_H
#define RELAY_REMOTE_DIALOGUE_H

#include "relay/remote_smtp.h"
#include "relay/remote_wire.h"

/* Seconds. */
enum { T_CONNECT = 30, T_REPLY = 300, T_TLS = 60, T_DATA = 120, T_BLOCK = 180, T_END = 600, T_QUIT = 5 };

struct dialogue {
    struct remote_job *job;
    struct wire *wire;
    struct reply reply;
    bool eightbit, size, utf8, plain, pipelining, dsn;
    bool dead;           /* say no more on this connection, not even QUIT */
    bool clean;          /* the message was taken: the next one may follow */
    uint64_t size_limit; /* 0: none said */
};

/* Connect, greeting, EHLO, STARTTLS and EHLO again, AUTH. -1: every recipient has a verdict. */
int dialogue_open(struct dialogue *d);

bool path_is_clean(struct bytes b);
/* A verdict for all that have none yet. */
void set_all(struct remote_job *job, int code, const char *text);
/* The reply becomes recipient i's verdict, or, as a refusal, that of all that have none yet (-1). */
void set_from_reply(struct dialogue *d, size_t i);
int refuse_all(struct dialogue *d);
/* The connection is dead, or of no use; -1. */
int broken(struct dialogue *d, const char *status, const struct err *e);

#endif
