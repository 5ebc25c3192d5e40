/*
 * imap_thread_ids.c - see imap_thread_ids.h. Open addressing, at most half full.
 */
#include "access/imap_thread_ids.h"

#include "base/cleanup.h"

#include <stdlib.h>

#define SLOTS_LEAST 1024
#define TEXTS_MAX   ((size_t)1 << 28)

void imap_thread_ids_init(struct imap_thread_ids *ids)
{
    *ids = (struct imap_thread_ids){
        .key = siphash_key_new(), .texts = STRBUF_INIT(TEXTS_MAX), .nslots = SLOTS_LEAST};
    ids->slots = xcalloc(ids->nslots, sizeof(*ids->slots));
}

void imap_thread_ids_done(struct imap_thread_ids *ids)
{
    free(ids->slots);
    strbuf_done(&ids->texts);
}

/* Its place, or the free one where it belongs. */
static struct imap_thread_id *place_of(const struct imap_thread_ids *ids, struct bytes id, uint64_t hash)
{
    size_t mask = ids->nslots - 1, i = hash & mask;
    for (;; i = (i + 1) & mask) {
        struct imap_thread_id *slot = &ids->slots[i];
        if (!slot->node ||
            (slot->hash == hash && bytes_eq(bytes_from(ids->texts.data + slot->at, slot->n), id)))
            return slot;
    }
}

static void double_it(struct imap_thread_ids *ids)
{
    struct imap_thread_id *old = ids->slots;
    size_t n = ids->nslots;
    ids->nslots *= 2;
    ids->slots = xcalloc(ids->nslots, sizeof(*ids->slots));
    for (size_t i = 0; i < n; i++) {
        size_t to = old[i].hash & (ids->nslots - 1);
        if (!old[i].node)
            continue;
        while (ids->slots[to].node)
            to = (to + 1) & (ids->nslots - 1);
        ids->slots[to] = old[i];
    }
    free(old);
}

uint32_t *imap_thread_ids_node(struct imap_thread_ids *ids, struct bytes id)
{
    uint64_t hash = siphash(&ids->key, id);
    if (ids->used * 2 >= ids->nslots)
        double_it(ids);
    struct imap_thread_id *slot = place_of(ids, id, hash);
    if (!slot->node) {
        *slot = (struct imap_thread_id){.hash = hash, .at = ids->texts.len, .n = (uint32_t)id.n};
        if (!strbuf_addb(&ids->texts, id))
            return NULL;
        ids->used++;
    }
    return &slot->node;
}
