/*
 * imap_thread.h - messages as trees (RFC 5256): built by one of the algorithms, written by imap_cmd_thread.c.
 *
 * Nodes are numbered from 1; 0 is none. A thread may be as deep as there are messages: nothing here recurs.
 */
#ifndef ACCESS_IMAP_THREAD_H
#define ACCESS_IMAP_THREAD_H

#include "access/imap_results.h"

#define IMAP_THREAD_REFERENCES_MAX 1000 /* of one message; the last ones count */

struct imap_thread_node {
    uint32_t parent, child, last_child, next, before;
    uint32_t hit; /* index of the message + 1; 0: one that is only referred to, or a common parent made up */
    int64_t date; /* when it was sent; of a made-up parent: its first child's */
    uint32_t subject; /* number of its base subject; 0: empty */
    bool reply;
};

struct imap_forest {
    struct imap_thread_node *nodes; /* nodes[0] is above all threads */
    uint32_t n;
};

void imap_forest_init(struct imap_forest *f);
void imap_forest_done(struct imap_forest *f);
uint32_t imap_forest_add(struct imap_forest *f, uint32_t hit);
/* Make child the last one of parent (it has no parent now); take it out; sort a node's children by date. */
void imap_forest_link(struct imap_forest *f, uint32_t parent, uint32_t child);
void imap_forest_unlink(struct imap_forest *f, uint32_t child);
void imap_forest_sort(struct imap_forest *f, uint32_t parent, const struct imap_results *r);

/* Number the base subjects of nodes 1 to r->n, which are the messages: equal ones alike. */
void imap_thread_subjects(struct imap *s, struct imap_forest *f, const struct imap_results *r);
/* The algorithms: from messages in f->nodes[1..r->n], with date and subject, to threads below nodes[0]. */
void imap_thread_ordered_subject(struct imap *s, struct imap_forest *f, const struct imap_results *r);
void imap_thread_references(struct imap *s, struct imap_forest *f, const struct imap_results *r);

#endif
