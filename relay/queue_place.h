/*
 * queue_place.h - where smtp writes a message while it comes in: memory first, an unnamed spool file when it
 * grows.
 *
 * Nothing here is durable. Memory is a memfd sealed against growing and shrinking, and against writing when
 * the message is complete, so that nobody who still holds the descriptor can change what is being delivered.
 */
#ifndef RELAY_QUEUE_PLACE_H
#define RELAY_QUEUE_PLACE_H

#include "relay/queue_store.h"

#define PLACE_MEMORY     (256u << 10) /* octets of one message in memory */
#define PLACE_MEMORY_ALL (128u << 20) /* of all together; messages beyond go to a file at once */

struct place {
    int fd; /* writable; -1: none */
    bool memory;
    uint64_t cap; /* octets that may be written */
};

/* limit: octets of the largest message. */
int place_open(struct place *p, struct store *store, uint64_t limit, struct err *e);
/* A file which holds the first `size` octets. */
int place_grow(struct place *p, struct store *store, uint64_t size, uint64_t limit, struct err *e);
/* The message is complete: a read-only descriptor, the caller's; the place is closed. -1 with e. *memory:
 * octets that stay in use until place_release gives them back, when that descriptor is closed. */
int place_finish(struct place *p, struct store *store, uint64_t size, uint64_t *memory, struct err *e);
void place_release(uint64_t memory);
/* size octets of `from`, from offset on, are written to `to`. -1 with errno, which means nothing where the file was too short. */
int place_copy(int to, int from, uint64_t offset, uint64_t size);
void place_close(struct place *p);

#endif
