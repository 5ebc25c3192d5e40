/*
 * sendmail_queue.h - the sendmail command's talk with the queue, over run_dir/submit.
 */
#ifndef RELAY_SENDMAIL_QUEUE_H
#define RELAY_SENDMAIL_QUEUE_H

#include "relay/sendmail_address.h"

#include "base/strbuf.h"

#define SENDMAIL_BATCH_MAX 100 /* recipients of one SUBMIT */

struct submission {
    const char *socket, *drop_dir; /* where it goes when nobody listens there */
    const char *sender;            /* NULL: the caller's own address; "": the null reverse-path */
    const struct addresses *recipients;
    unsigned ret, notify; /* enum envelope_ret, enum recipient_notify */
    const char *envid;    /* NULL: none; else xtext */
    int fd;               /* sealed */
    bool verbose;
    struct strbuf *answer; /* NULL: it is printed; else the last one goes here, "250 2.0.0 Ok" */
};

/* Each returns an exit status of sysexits.h, having said on standard error what is wrong. */
int queue_submit(const struct submission *s);
int queue_verify(const char *socket, char *const *addresses); /* NULL-terminated */
int queue_list(const char *socket);
int queue_flush(const char *socket);

#endif
