/*
 * queue_owner.h - may this login send under these addresses? Asked of MAIL's reverse-path, and of From and Sender when the
 * message has come: by queue, since smtp faces strangers and is not believed.
 */
#ifndef RELAY_QUEUE_OWNER_H
#define RELAY_QUEUE_OWNER_H

#include "relay/queue.h"
#include "relay/sender_map.h"

#define OWNER_ADDRESSES_MAX 10         /* in From and Sender together */
#define OWNER_HEADER_MAX    (2u << 20) /* octets of a message's start that are read for them */

enum owner_verdict {
    OWNER_YES,
    OWNER_NO,
    OWNER_LATER, /* the accounts cannot be asked now */
};

struct owner_check;
/* refused: the address that is not the account's (OWNER_NO). Never from inside the call that starts it. */
typedef void owner_fn(enum owner_verdict verdict, const char *refused, void *arg);

struct owner_check *owner_check_path(struct queue *q, const char *account, struct bytes path, owner_fn *fn,
                                     void *arg);
/* From and Sender of the message in fd, LF line ends. */
struct owner_check *owner_check_message(struct queue *q, const char *account, int fd, uint64_t size,
                                        owner_fn *fn, void *arg);
void owner_cancel(struct owner_check *c); /* NULL is fine; not after the answer */

/* The refusal, with the addresses that would do. */
void owner_refusal(struct queue *q, const char *account, const char *refused, struct strbuf *out);

#endif
