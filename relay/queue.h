/*
 * queue.h - what the parts of the queue process share: the loop, those that it asks, the settings in force.
 *
 *   queue_main      life and settings
 *   queue_smtp      the connection of smtp          queue_session   one client of it
 *   queue_owner     whose an address is
 *   queue_place     where messages are written      queue_submit    the sendmail command
 *   queue_commit    the end of a transaction        queue_attempt   one round over the recipients
 *   queue_locals    deliverers                      queue_remotes   senders
 *   queue_runner    what waits in the spool         queue_store     the spool
 *   queue_report    reports to senders              queue_list      the listing for mailq
 *   queue_gate      sending limits                  queue_limits    their counters
 *   queue_handin    what a local user hands in      queue_drop      what was left while we were away
 *   queue_disk      threads that write and sync     queue_fair      whose turn it is
 */
#ifndef RELAY_QUEUE_H
#define RELAY_QUEUE_H

#include "relay/envelope.h"
#include "relay/queue_disk.h"
#include "relay/queue_limits.h"
#include "relay/queue_route.h"
#include "relay/queue_schedule.h"
#include "relay/queue_store.h"
#include "relay/relay_msg.h"

struct smarthost {
    const char *address; /* "host:port", NULL: none */
    enum relay_tls tls;
    const char *user, *password; /* "": none */
};

/* Whose addresses may a login send under? */
enum sender_check { SENDER_OWNED, SENDER_LOCAL, SENDER_ANY };

struct queue {
    struct loop *loop;
    struct chan *master;
    struct auth_lookup *lookup;
    struct store *store;
    struct disk *disk;
    struct locals *locals;
    struct remotes *remotes;
    struct runner *runner;
    struct limits *limits;
    /* settings, replaced on a reload */
    struct route_rules route;
    struct schedule_rules schedule;
    struct limit_rules limit_rules; /* of accounts that have none of their own */
    struct smarthost smarthost;
    enum sender_check sender_check;
    const char *senders; /* a file (sender_map.h), NULL: none */
    uint64_t message_size;
    unsigned recipients;
    uid_t smtp_uid; /* who may connect to `queue` */
    /* life */
    struct child *child;
    unsigned busy; /* commits and attempts in progress */
    bool draining; /* start nothing new; exit when not busy */
};

/* Seconds since 1970. */
uint64_t queue_now(void);
/* Count work in progress, so that a drain can wait for it. */
void queue_begin(struct queue *q);
void queue_end(struct queue *q);

#endif
