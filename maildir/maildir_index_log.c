/*
 * maildir_index_log.c - what changed since a session last told its client, and which message a file name belongs to.
 *
 * Latest changes stand in `changes` one by one, so that telling a client costs in proportion to them. The table of
 * bases is two arrays, hashes in ascending order and the UIDs that belong to them: a binary search and a look at the
 * message. It is made anew when INDEX_BASES_TAIL messages have come since; those are looked through one by one.
 */
#include "maildir/maildir_index_folder.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>

/* ---- changes ---- */

struct logged {
    uint64_t modseq;
    uint32_t uids[];
} __attribute__((packed)); /* LMDB aligns to two octets only */

static MDB_val log_key(uint64_t *k, uint32_t fid, uint32_t number)
{
    *k = (uint64_t)fid << 32 | number;
    return (MDB_val){sizeof *k, k};
}

/* Drop the oldest; what was before `modseq` of it can no longer be told one by one. */
static int forget_oldest(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head)
{
    uint64_t k;
    MDB_val key = log_key(&k, fid, head->log_first), value;
    int rc = mdb_get(txn, ix->changes, &key, &value);
    if (!rc && value.mv_size >= sizeof(struct logged))
        memcpy(&head->log_modseq, value.mv_data, sizeof head->log_modseq);
    head->log_first++;
    if (head->log_modseq > head->listing_modseq) /* nobody knows any more which of its names are old */
        head->listing_modseq = 0;
    return rc == MDB_NOTFOUND ? 0 : rc ? rc : mdb_del(txn, ix->changes, &key, NULL);
}

static int forget_all(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head)
{
    int rc = 0;
    while (head->log_first != head->log_next && !rc)
        rc = forget_oldest(ix, txn, fid, head);
    head->log_modseq = head->modseq;
    head->listing_modseq = 0;
    return rc;
}

int index_log(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head, const uint32_t *uids,
              size_t n)
{
    uint64_t k;
    MDB_val value = {sizeof(struct logged) + n * sizeof *uids, NULL};
    if (n > INDEX_CHANGE_UIDS_MAX)
        return forget_all(ix, txn, fid, head);
    int rc = head->log_next - head->log_first >= INDEX_CHANGES_MAX ? forget_oldest(ix, txn, fid, head) : 0;
    if (rc)
        return rc;
    MDB_val key = log_key(&k, fid, head->log_next);
    rc = mdb_put(txn, ix->changes, &key, &value, MDB_RESERVE);
    if (rc)
        return rc;
    struct logged *entry = value.mv_data;
    entry->modseq = head->modseq;
    if (n)
        memcpy(value.mv_data + sizeof *entry, uids, n * sizeof *uids);
    head->log_next++;
    return 0;
}

struct changed {
    uint32_t *uids;
    size_t n, size;
};

static void changed_add(struct changed *c, uint32_t uid)
{
    if (c->n == c->size) {
        c->size = c->size ? c->size * 2 : 64;
        c->uids = xrealloc(c->uids, c->size, sizeof *c->uids);
    }
    c->uids[c->n++] = uid;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_unique(struct changed *c)
{
    size_t left = 0;
    if (c->n)
        qsort(c->uids, c->n, sizeof *c->uids, by_value);
    for (size_t i = 0; i < c->n; i++)
        if (!left || c->uids[left - 1] != c->uids[i])
            c->uids[left++] = c->uids[i];
    c->n = left;
}

static int walk_log(struct index *ix, uint32_t fid, const struct index_head *head, uint64_t since,
                    struct changed *c)
{
    for (uint32_t number = head->log_next; number != head->log_first;) {
        uint64_t k;
        MDB_val key = log_key(&k, fid, --number), value;
        int rc = mdb_get(ix->read, ix->changes, &key, &value);
        if (rc)
            return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
        const struct logged *entry = value.mv_data;
        if (entry->modseq <= since)
            break;
        for (size_t i = 0; i < (value.mv_size - sizeof *entry) / sizeof entry->uids[0]; i++)
            changed_add(c, entry->uids[i]);
    }
    sort_unique(c);
    return 0;
}

static int walk_mails(struct index *ix, uint32_t fid, const struct uid_runs *runs, uint64_t since,
                      struct changed *c)
{
    struct index_mail mail;
    for (uint32_t seq = 1; seq <= runs->count; seq++) {
        uint32_t uid = uid_runs_at(runs, seq);
        int rc = index_get_mail(ix, fid, uid, &mail);
        if (rc && rc != MDB_NOTFOUND)
            return rc;
        if (!rc && mail.modseq > since)
            changed_add(c, uid);
    }
    ix->swollen |= runs->count > INDEX_CHANGE_UIDS_MAX;
    return 0;
}

int index_changed(struct index *ix, uint32_t fid, const struct index_head *head, const struct uid_runs *runs,
                  uint64_t since, uint32_t **uids, size_t *n)
{
    struct changed c = {0};
    int rc = 0;
    if (since < head->log_modseq)
        rc = walk_mails(ix, fid, runs, since, &c);
    else if (since < head->modseq)
        rc = walk_log(ix, fid, head, since, &c);
    *uids = c.uids;
    *n = c.n;
    return rc;
}

/* ---- bases ---- */

uint32_t index_base_hash(struct bytes base)
{
    return (uint32_t)(index_hash(base) >> 32);
}

uint64_t index_hash(struct bytes b)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ b.n, word;
    for (; b.n >= 8; b.p += 8, b.n -= 8) {
        memcpy(&word, b.p, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    word = 0;
    if (b.n)
        memcpy(&word, b.p, b.n);
    h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 29;
}

/* The message, if its base is this one. */
static int check_base(struct index *ix, uint32_t fid, uint32_t candidate, struct bytes base, uint32_t *uid)
{
    struct index_mail mail;
    int rc = index_get_mail(ix, fid, candidate, &mail);
    if (!rc && bytes_eq(mail.base, base))
        *uid = candidate;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static size_t first_hash(const index_u32 *hashes, size_t n, uint32_t hash)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (hashes[mid] < hash)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int index_find_base(struct index *ix, uint32_t fid, const struct index_head *head,
                    const struct uid_runs *runs, struct bytes base, uint32_t *uid)
{
    struct bytes table;
    uint32_t hash = index_base_hash(base);
    *uid = 0;
    int rc = index_get_blob(ix, NULL, fid, INDEX_BASES, &table);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    size_t n = table.n / 8;
    const index_u32 *hashes = (const index_u32 *)table.p, *uids = hashes + n;
    rc = 0;
    for (size_t i = first_hash(hashes, n, hash); i < n && hashes[i] == hash && !*uid && !rc; i++)
        rc = check_base(ix, fid, uids[i], base, uid);
    for (uint32_t seq = uid_runs_from(runs, head->bases_next); seq <= runs->count && !*uid && !rc; seq++)
        rc = check_base(ix, fid, uid_runs_at(runs, seq), base, uid);
    return rc;
}

static int by_hash(const void *a, const void *b)
{
    const struct index_base *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Least significant octets first: four rounds, whatever the order was. */
static void sort_by_hash(struct index_base *items, size_t n)
{
    AUTO_FREE struct index_base *other = NULL;
    if (n < 4096) {
        qsort(items, n, sizeof *items, by_hash);
        return;
    }
    other = xcalloc(n, sizeof *other);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t at[257] = {0};
        for (size_t i = 0; i < n; i++)
            at[(items[i].hash >> shift & 255) + 1]++;
        for (size_t b = 0; b < 256; b++)
            at[b + 1] += at[b];
        for (size_t i = 0; i < n; i++)
            other[at[items[i].hash >> shift & 255]++] = items[i];
        struct index_base *swap = items;
        items = other;
        other = swap;
    } /* an even number of rounds: the result is where the items were */
}

int index_put_bases(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_base *items, size_t n)
{
    AUTO_FREE uint32_t *table = xcalloc(n + 1, 2 * sizeof *table);
    sort_by_hash(items, n);
    for (size_t i = 0; i < n; i++) {
        table[i] = items[i].hash;
        table[n + i] = items[i].uid;
    }
    return index_put_blob(ix, txn, fid, INDEX_BASES, table, n * 8);
}

int index_make_bases(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head,
                     const struct uid_runs *runs)
{
    if (runs->count + 1 - uid_runs_from(runs, head->bases_next) <= INDEX_BASES_TAIL)
        return 0;
    AUTO_FREE struct index_base *items = xcalloc(runs->count, sizeof *items);
    size_t n = 0;
    for (uint32_t seq = 1; seq <= runs->count; seq++) {
        struct index_mail mail;
        uint32_t uid = uid_runs_at(runs, seq);
        int rc = index_get_mail_in(ix, txn, fid, uid, &mail);
        if (rc && rc != MDB_NOTFOUND)
            return rc;
        if (!rc)
            items[n++] = (struct index_base){index_base_hash(mail.base), uid};
    }
    head->bases_next = uid_runs_last(runs) + 1;
    return index_put_bases(ix, txn, fid, items, n);
}
