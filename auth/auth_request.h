/*
 * auth_request.h - one attempt to log in, from the first record to the ticket or the refusal.
 *
 *     credentials -> may its address try now? -> whose account? -> does its source say yes? -> ticket
 *                        (waits in line)                              no: answered 1 to 15 s after the
 * beginning
 *
 * What can be refused without looking (a name outside the set, an empty password) takes the same way and the
 * same time.
 */
#ifndef AUTH_AUTH_REQUEST_H
#define AUTH_AUTH_REQUEST_H

#include "auth/auth_proto.h"
#include "auth/auth_ticket.h"
#include "auth/site_conf.h"

enum {
    REQUESTS_MAX = 8192,      /* in all */
    REQUESTS_LINE_MAX = 1024, /* held back because their address has failures */
    REQUEST_LINE_MS = 30000,  /* how long they wait before they are told to come again */
    REQUEST_SASL_MS = 300000, /* for the client's next SASL message */
};

struct request;

/* Once, before the first request. */
void requests_init(struct loop *loop, struct ticket_table *tickets);
/* Where passwords in clear may come from: the front ends keep to it, here it is checked again; and who is trusted. Borrowed until the
 * next. */
void requests_configure(const struct site_conf *site);

/* What this address did wrong is forgotten. */
void request_forgive(const char *remote);

/* What SCRAM salts of names that nobody has come from: the same after a restart, as those of accounts are. */
void request_set_secret(struct bytes secret);

/* The file of who has logged in from where, open for reading and writing, taken over; the secret that its hashes are keyed with. */
void request_take_known(int fd, struct bytes secret);

/* What guessing has done to this name and address. */
void request_look(struct bytes name, const char *remote, uint32_t *address, uint32_t *account, bool *known);

/* AUTH_CONTINUE, or the end of the request. May come from inside request_start and request_continue. */
typedef void request_fn(enum auth_status status, struct bytes text, const char *name, void *arg);

/* r is START or PLAIN. NULL if there are too many (fn is not called). */
struct request *request_new(request_fn *fn, void *arg);
void request_start(struct request *request, const struct auth_record *r);
void request_continue(struct request *request, struct bytes response);
/* The asker is gone: fn will not be called again. What is under way comes to its end unheard. */
void request_abandon(struct request *request);

#endif
