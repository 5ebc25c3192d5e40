/*
 * maildir_index_flags.c - the flags of a folder's messages side by side, an octet each, so that a search by flags walks
 * over 20 KB for 20,000 messages and not over their records.
 *
 * They follow from the records, and are written with them, in the same transaction: a block is changed in memory while the writer goes on
 * within it, and put when it goes on to another.
 */
#include "maildir/maildir_index_folder.h"

#define THERE 0x80 /* beside enum mail_flag: there is such a message */

static uint64_t block_of(uint32_t fid, uint32_t uid)
{
    return (uint64_t)fid << 32 | uid / INDEX_FLAGS_BLOCK;
}

static MDB_val value_of(void *p, size_t n)
{
    return (MDB_val){n, p};
}

void index_flags_drop(struct index *ix)
{
    ix->flags_block.known = ix->flags_block.changed = false;
}

int index_flags_flush(struct index *ix, MDB_txn *txn)
{
    struct index_flags_block *b = &ix->flags_block;
    MDB_val key = value_of(&b->key, sizeof b->key), value = value_of(b->flags, b->n);
    if (!b->changed)
        return 0;
    b->changed = false;
    while (b->n && !b->flags[b->n - 1])
        b->n--;
    value.mv_size = b->n;
    if (b->n)
        return mdb_put(txn, ix->flags, &key, &value, 0);
    int rc = mdb_del(txn, ix->flags, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int turn_to(struct index *ix, MDB_txn *txn, uint64_t wanted)
{
    struct index_flags_block *b = &ix->flags_block;
    MDB_val key = value_of(&wanted, sizeof wanted), value;
    if (b->known && b->key == wanted)
        return 0;
    int rc = index_flags_flush(ix, txn);
    if (!rc)
        rc = mdb_get(txn, ix->flags, &key, &value);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    b->n = rc ? 0 : value.mv_size;
    if (b->n > INDEX_FLAGS_BLOCK)
        return MDB_CORRUPTED;
    if (b->n)
        memcpy(b->flags, value.mv_data, b->n);
    b->key = wanted;
    b->known = true;
    return 0;
}

int index_flags_put(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, int flags)
{
    struct index_flags_block *b = &ix->flags_block;
    uint8_t octet = flags < 0 ? 0 : (uint8_t)(flags | THERE);
    size_t at = uid % INDEX_FLAGS_BLOCK;
    int rc = turn_to(ix, txn, block_of(fid, uid));
    if (rc || (at < b->n ? b->flags[at] : 0) == octet)
        return rc;
    while (b->n <= at)
        b->flags[b->n++] = 0;
    b->flags[at] = octet;
    b->changed = true;
    return 0;
}

static void look(struct index *ix, uint64_t wanted)
{
    struct index_flags_seen *seen = &ix->flags_seen;
    MDB_val key = value_of(&wanted, sizeof wanted), value;
    bool found = !mdb_get(ix->read, ix->flags, &key, &value);
    *seen = (struct index_flags_seen){.known = true, .key = wanted};
    if (found) {
        seen->p = value.mv_data;
        seen->n = value.mv_size;
    }
}

bool index_get_flags(struct index *ix, uint32_t fid, uint32_t uid, uint32_t *flags)
{
    const struct index_flags_seen *seen = &ix->flags_seen;
    uint64_t wanted = block_of(fid, uid);
    size_t at = uid % INDEX_FLAGS_BLOCK;
    if (!seen->known || seen->key != wanted)
        look(ix, wanted);
    uint8_t octet = at < seen->n ? seen->p[at] : 0;
    *flags = octet & ~THERE;
    return octet & THERE;
}
