/*
 * maildir_scan_join.c - which message a file is: by the index, else by the uidlist, else it is a new one.
 *
 * A line of the uidlist whose file had gone (a look believed it, and clients may have been told) is not used again when the
 * file returns: it comes back as a new message, and the old line goes. Of several lines with one base the later wins.
 */
#include "maildir/maildir_courier.h"
#include "maildir/maildir_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FEW 16 /* unknown names that are looked for in the uidlist's text one by one */

/* ---- all names, by the uidlist ---- */

struct table {
    uint64_t *slots; /* upper half: of the base's hash; lower: index into names, plus 1; 0: empty */
    size_t mask;
};

static uint64_t *slot_of(const struct table *t, const struct names *names, struct bytes base, uint64_t hash)
{
    for (size_t at = hash & t->mask;; at = (at + 1) & t->mask) {
        uint64_t *slot = &t->slots[at];
        if (!*slot ||
            (*slot >> 32 == hash >> 32 && bytes_eq(found_base(&names->items[(uint32_t)*slot - 1]), base)))
            return slot;
    }
}

/* Of several names of one base one stays, in cur/ if there is one. */
static void fill(struct table *t, struct names *names)
{
    size_t left = 0;
    for (t->mask = 255; t->mask < names->n * 2; t->mask = t->mask * 2 + 1) {
    }
    t->slots = xcalloc(t->mask + 1, sizeof *t->slots);
    for (size_t i = 0; i < names->n; i++) {
        struct found *f = &names->items[i];
        uint64_t hash = index_hash(found_base(f)), *slot = slot_of(t, names, found_base(f), hash);
        if (!*slot) {
            names->items[left++] = *f;
            *slot = (hash >> 32 << 32) | left;
            continue;
        }
        struct found *other = &names->items[(uint32_t)*slot - 1];
        bool recent = other->recent | f->recent;
        if (other->in_new && !f->in_new)
            *other = *f;
        other->recent = recent;
    }
    names->n = left;
}

/* Has a look believed that the message of this line is gone? */
static bool was_gone(const struct scan *s, uint32_t uid)
{
    const struct index_head *old = &s->mb->head;
    return old->validity == s->uidlist.validity && uid < old->next && !uid_runs_seq(&s->mb->runs, uid);
}

/* Known names first, in the order of their lines and so of their UIDs; then the others. */
static void in_order(struct names *names, struct found *known, size_t n)
{
    for (size_t i = 0; i < names->n; i++)
        if (!names->items[i].uid)
            known[n++] = names->items[i];
    free(names->items);
    names->items = known;
    names->n = n;
    names->size = n;
}

static size_t take_out(struct found *known, size_t n, uint32_t uid)
{
    for (size_t k = n; k-- > 0;) {
        if (known[k].uid != uid)
            continue;
        memmove(known + k, known + k + 1, (n - k - 1) * sizeof *known);
        return n - 1;
    }
    return n;
}

static void join_uidlist(struct scan *s)
{
    struct table t = {0};
    struct names *names = &s->names;
    size_t left = 0, n = 0;
    fill(&t, names);
    struct found *known = xcalloc(names->n + 1, sizeof *known);
    for (size_t i = 0; i < s->uidlist.n; i++) {
        struct uidlist_entry *line = &s->uidlist.entries[i];
        struct bytes base = uidlist_base(&s->uidlist, line);
        uint64_t slot = *slot_of(&t, names, base, index_hash(base));
        struct found *f = slot ? &names->items[(uint32_t)slot - 1] : NULL;
        if (f && was_gone(s, line->uid)) {
            s->uidlist.rewrite = true;
            continue;
        }
        if (f && !f->uid) {
            f->uid = line->uid;
            known[n++] = *f;
        } else if (f) { /* the later line wins */
            n = take_out(known, n, f->uid);
            s->uidlist.rewrite = true;
            f->uid = line->uid;
            known[n++] = *f;
        }
        s->uidlist.entries[left++] = *line;
    }
    s->uidlist.n = left;
    free(t.slots);
    in_order(names, known, n);
}

/* ---- some names, by the index ---- */

/* Do lines without a file stand in the uidlist under these bases? */
static int has_old_line(struct scan *s, bool *has, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(UIDLIST_MAX_BYTES), line = STRBUF_INIT(2 * MAILDIR_NAME_MAX);
    if (fs_read_file(s->mb->folder.fd, "dovecot-uidlist", &text, e))
        return -1;
    for (size_t i = 0; i < s->names.n && !*has; i++) {
        if (s->names.items[i].uid)
            continue;
        strbuf_clear(&line);
        strbuf_addf(&line, ":" BYTES_FMT "\n", BYTES_ARG(found_base(&s->names.items[i])));
        *has = memmem(text.data, text.len, line.data, line.len) != NULL;
    }
    return 0;
}

static int join_index(struct scan *s, bool *full, struct err *e)
{
    struct mailbox *mb = s->mb;
    size_t unknown = 0;
    for (size_t i = 0; i < s->names.n; i++) {
        struct found *f = &s->names.items[i];
        int rc = index_find_base(&mb->store->index, mb->fid, &mb->head, &mb->runs, found_base(f), &f->uid);
        if (rc)
            return mailbox_index_err(mb, rc, e);
        unknown += !f->uid;
    }
    names_sort_unique(&s->names);
    if (!unknown || mb->head.lines <= mb->head.count)
        return 0;
    *full = unknown > FEW;
    return *full ? 0 : has_old_line(s, full, e);
}

/* ---- new messages ---- */

struct arrival {
    struct maildir_name_time time;
    struct found *found;
};

static int by_arrival(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    int r = maildir_name_time_order(&x->time, &y->time);
    if (r)
        return r;
    struct bytes p = found_base(x->found), q = found_base(y->found);
    r = memcmp(p.p, q.p, p.n < q.n ? p.n : q.n);
    return r ? r : (p.n > q.n) - (p.n < q.n);
}

/* All of them are new: their order is that of their UIDs. */
static void take_order(struct names *names, const struct arrival *order)
{
    struct found *items = xcalloc(names->n + 1, sizeof *items);
    for (size_t i = 0; i < names->n; i++)
        items[i] = *order[i].found;
    free(names->items);
    names->items = items;
    names->size = names->n;
}

/* The next UIDs, in the order of arrival, for files without one. */
static int number_new(struct scan *s, struct err *e)
{
    AUTO_STRBUF struct strbuf field = STRBUF_INIT(UIDLIST_FIELDS_MAX);
    AUTO_FREE struct arrival *fresh = xcalloc(s->names.n + 1, sizeof *fresh);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < s->names.n; i++) {
        struct found *f = &s->names.items[i];
        if (!f->uid)
            fresh[n++] = (struct arrival){maildir_name_time(found_base(f)), f};
    }
    if (n > 1)
        qsort(fresh, n, sizeof *fresh, by_arrival);
    for (size_t i = 0; i < n && !r; i++) {
        struct bytes base = found_base(fresh[i].found);
        strbuf_clear(&field);
        courier_field(s->uidlist.courier, base, &field);
        r = uidlist_add(&s->uidlist, base, field.data, &fresh[i].found->uid, e);
    }
    if (!r && n == s->names.n)
        take_order(&s->names, fresh);
    return r;
}

static void drop_unnumbered(struct names *names)
{
    size_t left = 0;
    for (size_t i = 0; i < names->n; i++)
        if (names->items[i].uid)
            names->items[left++] = names->items[i];
    names->n = left;
}

static int by_uid(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

/* What is sorted already, as most is, stays. */
static void sort_by_uid(struct names *names)
{
    size_t sorted = 1;
    while (sorted < names->n && names->items[sorted - 1].uid < names->items[sorted].uid)
        sorted++;
    if (sorted >= names->n)
        return;
    qsort(names->items + sorted, names->n - sorted, sizeof *names->items, by_uid);
    if (names->items[sorted - 1].uid > names->items[sorted].uid)
        qsort(names->items, names->n, sizeof *names->items, by_uid);
}

int scan_join(struct scan *s, struct err *e)
{
    bool full = false;
    if (s->full)
        join_uidlist(s);
    else if (join_index(s, &full, e))
        return -1;
    if (full)
        return 1;
    if (!s->lock)
        drop_unnumbered(&s->names);
    else if (folder_number(s->mb->store, &s->uidlist, e) || number_new(s, e))
        return -1;
    sort_by_uid(&s->names);
    return 0;
}
