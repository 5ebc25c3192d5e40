/*
 * maildir_check.h - looking at a Maildir without changing anything, and mending what can be mended without loss: what
 * `posthouse mailbox` is made of.
 */
#ifndef MAILDIR_CHECK_H
#define MAILDIR_CHECK_H

#include "maildir/maildir.h"

struct mail_finding {
    bool problem;       /* else it is worth knowing, and no more */
    const char *folder; /* NULL: it is the account's */
    const char *file;   /* below the Maildir */
    const char *what, *way_out;
};
struct mail_observer {
    void (*found)(void *arg, const struct mail_finding *f);
    void (*progress)(void *arg, const char *folder, size_t messages); /* NULL: nobody is waiting */
    void *arg;
};
struct mail_checked {
    size_t folders, messages, problems, notes;
};
/* Look at one folder, or (NULL) at all and at what is the account's. Takes no lock and changes nothing; what sessions do
 * meanwhile may be seen half done. */
int mail_check(struct mail_store *store, const char *folder, const struct mail_observer *observer,
               struct mail_checked *sums, struct err *e);

/* What is used, by the names of files; of one folder, or (NULL) of all that count for the quota. */
int mail_store_usage(struct mail_store *store, const char *folder, int64_t *octets, int64_t *messages,
                     struct err *e);
/* What the index knows of a folder, in a word: "current", "behind", "unknown". */
const char *mail_index_state(struct mail_store *store, const char *folder);

/* What becomes of a folder that Courier left, when it is first opened. Nothing is changed. */
struct courier_plan {
    bool taken; /* there is a dovecot-uidlist: Courier's files are not looked at, and the rest is 0 */
    bool has_uids, has_uidls;
    size_t messages;
    uint32_t validity, next;       /* 0: there is no courierimapuiddb, a new UIDVALIDITY will be made */
    size_t keep_uid, get_uid;      /* messages */
    size_t keep_uidl;              /* messages that keep the UIDL of Courier's POP3 server */
    size_t stale;                  /* lines about messages that are gone */
    size_t letters, upper, marked; /* keywords with a letter, without one, messages that have some */
    size_t left_behind;            /* keywords beyond all that we can keep, or that are none in IMAP */
};
int mail_courier_plan(struct mail_store *store, const char *folder, struct courier_plan *plan, struct err *e);
/* What stands against it: found as problems, counted in sums. Changes nothing. */
int mail_courier_conflicts(struct mail_store *store, const char *folder, const struct mail_observer *observer,
                           struct mail_checked *sums, struct err *e);
/* Each folder that will be subscribed as courierimapsubscribed says; none once there is `subscriptions`. */
int mail_courier_subscriptions(struct mail_store *store, void (*each)(void *arg, const char *name), void *arg,
                               struct err *e);

enum mail_rebuild {
    MAIL_REBUILD_INDEX, /* nothing that a client can see is lost */
    MAIL_REBUILD_UIDLIST, /* and dovecot-uidlist written anew, UIDs as they are; ERR_CORRUPT if it cannot be read */
    MAIL_REBUILD_RENUMBER, /* dovecot-uidlist set aside: all messages get new UIDs, under a new UIDVALIDITY */
};
/* Forget what the index knows of a folder and read it anew, under its lock; sessions go on. */
int mailbox_rebuild(struct mail_store *store, const char *folder, enum mail_rebuild what, size_t *messages,
                    struct err *e);

#endif
