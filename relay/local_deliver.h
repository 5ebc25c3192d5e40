/*
 * local_deliver.h - a deliverer at work, for one account.
 */
#ifndef RELAY_LOCAL_DELIVER_H
#define RELAY_LOCAL_DELIVER_H

#include "maildir/maildir.h"

struct local_account {
    const char *user;
    const char *home; /* whose .forward counts; NULL: none does */
    bool confine;     /* others have its uid: keep to the Maildir */
    struct mail_store_options store;
};

/* Serve the queue on descriptor 0 (relay_msg.h) until there is no work. The exit status of the process. */
int local_deliver(const struct local_account *account);

#endif
