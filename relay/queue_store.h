/*
 * queue_store.h - the spool: messages that must wait, durable. The table of its states is at the head of
 * queue_store.c.
 */
#ifndef RELAY_QUEUE_STORE_H
#define RELAY_QUEUE_STORE_H

#include "relay/envelope.h"
#include "relay/queue_journal.h"

#define STORE_ID_LEN 20

struct store;

/* Open (and make where missing) the spool below dir. */
struct store *store_open(const char *dir, struct err *e);
/* Only to look: nothing is made, changed, or repaired. */
struct store *store_open_reading(const char *dir, struct err *e);
void store_close(struct store *store);

/* A new id: time of arrival, then what makes it unique. */
void store_new_id(char id[STORE_ID_LEN + 1]);
/* When the message of that id arrived, in seconds and in microseconds. */
uint64_t store_id_time(const char *id);
uint64_t store_id_us(const char *id);

/* Call fn for each message, reading names only; leftovers of crashes are removed. -1: the directory cannot be
 * read. */
int store_scan(struct store *store, void (*fn)(const char *id, void *arg), void *arg, struct err *e);

/* An unnamed file to write into, never durable. fd or -1. */
int store_scratch(struct store *store, struct err *e);
/* Open a descriptor of ours once more, for reading only. fd or -1 with errno. */
int store_reopen(struct store *store, int fd);
/* Octets free on the spool's disk. */
uint64_t store_free_space(const struct store *store);

/* Where a message's octets are. prefix comes in front (trace lines, LF line ends). */
struct content {
    int fd; /* borrowed */
    uint64_t offset, size;
    struct bytes prefix;
};
/* Put a message into the spool under env->id, recipients without a final verdict only; durable when 0 is
 * returned. */
int store_put(struct store *store, struct envelope *env, const struct content *content, struct err *e);

/* A message read back: verdicts of its journal applied. */
struct spooled {
    struct envelope env;
    struct journal_state tried;
    int fd; /* read-only */
    uint64_t offset;
};
/* ERR_CORRUPT: set it aside. */
int store_load(struct store *store, const char *id, struct spooled *m, struct err *e);
void spooled_done(struct spooled *m);

/* Append to the journal; with sync durable when 0 is returned. */
int store_append(struct store *store, const char *id, struct bytes records, bool sync, struct err *e);
/* The message is finished. What is not there is no error. */
int store_remove(struct store *store, const char *id, struct err *e);
/* Move it to damaged/, for an operator. */
void store_set_aside(struct store *store, const char *id);

#endif
