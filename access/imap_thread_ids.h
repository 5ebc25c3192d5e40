/*
 * imap_thread_ids.h - the Message-IDs that THREAD has met, and the node of each. A hash table with a secret, since they come from strangers.
 */
#ifndef ACCESS_IMAP_THREAD_IDS_H
#define ACCESS_IMAP_THREAD_IDS_H

#include "base/siphash.h"
#include "base/strbuf.h"

struct imap_thread_ids {
    struct siphash_key key;
    struct strbuf texts; /* of all, one behind the other */
    struct imap_thread_id {
        uint64_t hash, at;
        uint32_t n, node; /* node 0: the place is free */
    } * slots;
    size_t nslots, used;
};

void imap_thread_ids_init(struct imap_thread_ids *ids);
void imap_thread_ids_done(struct imap_thread_ids *ids);
/* Where the node of this id stands, until the next call; 0 there: it is new, and the caller writes its node. NULL: it is new, and there are
 * too many to remember it. */
uint32_t *imap_thread_ids_node(struct imap_thread_ids *ids, struct bytes id);

#endif
