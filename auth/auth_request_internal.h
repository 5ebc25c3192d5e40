/*
 * auth_request_internal.h - what auth_request.c (an attempt's life), auth_request_sasl.c, which gets what is to be judged, and
 * auth_request_judge.c share.
 */
#ifndef AUTH_AUTH_REQUEST_INTERNAL_H
#define AUTH_AUTH_REQUEST_INTERNAL_H

#include "auth/auth_backend.h"
#include "auth/auth_request.h"
#include "auth/auth_sasl.h"
#include "auth/auth_throttle.h"

enum request_state { SASL, LOOKUP, LINE, JUDGE, FINAL, DELAY };

struct request {
    struct request *next; /* in the line */
    enum request_state state;
    request_fn *fn; /* NULL: abandoned */
    void *arg;
    struct timer timer;
    struct throttle_try attempt;
    uint64_t begun; /* when judging began */
    bool secure;
    struct sasl *sasl;
    char *service, *remote, *name, *password;
    char *master; /* who logs in as this account; NULL: the account itself */
    bool master_ok;
    char *app;   /* label of the application password that it is */
    bool barred; /* it is the main password, which may not be used */
    const char *mechanism;
    const char *hopeless; /* known from the start to be refused, and why */
    const struct backend *source;
    struct account account;
    /* SCRAM */
    bool scram, proven;
    char *final; /* the last message to the client, in base64 */
    const char *no_verifier;
};

struct loop *request_loop(void);
const struct site_conf *request_site(void);
const struct throttle *request_throttle(void);

void request_answer(struct request *q, enum auth_status status, struct bytes text);
void request_finish(struct request *q, enum auth_status status, struct bytes text);
/* The line of log of this attempt. */
void request_log_outcome(const struct request *q, const char *outcome, const char *reason);
/* All is there to be judged. */
void request_enter_line(struct request *q);

/* How a judged attempt ends. The reason is a word for the log. */
void request_refuse(struct request *q, const char *reason);
void request_fail_for_now(struct request *q, const char *reason);
void request_tell_expired(struct request *q, const char *reason);
void request_accept(struct request *q);

/* ---- auth_request_judge.c ---- */

/* Ends in one of the four, now or later. */
void request_judge(struct request *q);

/* ---- auth_request_sasl.c ---- */

void request_take_credentials(struct request *q, struct bytes name, struct bytes password);
void request_sasl_input(struct request *q, struct bytes in);

#endif
