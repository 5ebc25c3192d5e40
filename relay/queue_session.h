/*
 * queue_session.h - one client of smtp as the queue sees it: its account, and the transaction that it began.
 *
 *   IDLE --mail--> MAIL --rcpt*--> MAIL --data--> DATA --grow--> DATA --commit--> IDLE
 *   rset: back to IDLE from anywhere
 */
#ifndef RELAY_QUEUE_SESSION_H
#define RELAY_QUEUE_SESSION_H

#include "relay/queue_commit.h"
#include "relay/queue_place.h"

struct session {
    struct session *next; /* in the table of its connection */
    uint32_t id;
    struct queue *q;
    struct chan *chan;
    char *peer, *helo, *service;
    char *account; /* NULL: a stranger */
    uid_t uid;
    struct limit_rules limits;
    /* the transaction */
    bool in_mail;
    unsigned asked; /* addresses that were taken by RCPT */
    struct envelope env;
    struct place place;
    /* what an answer is due for */
    struct route_request *route;
    struct owner_check *owner;
    bool redeeming;
    struct commit *commit; /* with owner: not yet started */
    char *path;            /* being routed, with what RFC 3461 says of it */
    char *orcpt;
    unsigned notify;
};

struct session *session_new(struct queue *q, struct chan *chan, uint32_t id);
/* A message that is being committed goes on to its end; nobody is told. */
void session_free(struct session *s);
/* An answer is due. */
bool session_busy(const struct session *s);

/* One for each record of relay_msg.h, after its id. */
void session_open(struct session *s, struct msg_in *in);
void session_auth(struct session *s, struct msg_in *in);
void session_mail(struct session *s, struct msg_in *in);
void session_rcpt(struct session *s, struct msg_in *in);
void session_data(struct session *s, struct msg_in *in);
void session_grow(struct session *s, struct msg_in *in);
void session_commit(struct session *s, struct msg_in *in);
void session_rset(struct session *s, struct msg_in *in);

#endif
