/*
 * maildir_scan_join.c - which message a file is: by the index, else by the uidlist, else it is a new one.
 *
 * A line of the uidlist whose file had gone (a look believed it, and clients may have been told) is not used again when the
 * file returns: it comes back as a new message, and the old line goes. Of several lines with one base the later wins.
 */
#include "maildir/maildir_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FEW 16 /* unknown names that are looked for in the uidlist's text one by one */

/* ---- all names, by the uidlist ---- */

struct table {
    uint32_t *slots; /* index into names, plus 1 */
    size_t mask;
};

static uint32_t *slot_of(const struct table *t, const struct names *names, struct bytes base)
{
    size_t at = index_hash(base) & t->mask;
    while (t->slots[at] && !bytes_eq(found_base(&names->items[t->slots[at] - 1]), base))
        at = (at + 1) & t->mask;
    return &t->slots[at];
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
        uint32_t *slot = slot_of(t, names, found_base(f));
        if (!*slot) {
            names->items[left++] = *f;
            *slot = (uint32_t)left;
            continue;
        }
        struct found *other = &names->items[*slot - 1];
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

static void join_uidlist(struct scan *s)
{
    struct table t = {0};
    size_t left = 0;
    fill(&t, &s->names);
    for (size_t i = 0; i < s->uidlist.n; i++) {
        struct uidlist_entry *line = &s->uidlist.entries[i];
        uint32_t slot = *slot_of(&t, &s->names, uidlist_base(&s->uidlist, line));
        if (slot && was_gone(s, line->uid)) {
            s->uidlist.rewrite = true;
            continue;
        }
        if (slot)
            s->names.items[slot - 1].uid = line->uid;
        s->uidlist.entries[left++] = *line;
    }
    s->uidlist.n = left;
    free(t.slots);
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

static int by_arrival(const void *a, const void *b)
{
    const struct found *const *x = a, *const *y = b;
    return maildir_name_order(found_base(*x), found_base(*y));
}

/* The next UIDs, in the order of arrival, for files without one. */
static int number_new(struct scan *s, struct err *e)
{
    AUTO_FREE struct found **fresh = xcalloc(s->names.n + 1, sizeof *fresh);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < s->names.n; i++)
        if (!s->names.items[i].uid)
            fresh[n++] = &s->names.items[i];
    if (n > 1)
        qsort(fresh, n, sizeof *fresh, by_arrival);
    for (size_t i = 0; i < n && !r; i++)
        r = uidlist_add(&s->uidlist, found_base(fresh[i]), NULL, &fresh[i]->uid, e);
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
    if (s->names.n > 1)
        qsort(s->names.items, s->names.n, sizeof *s->names.items, by_uid);
    return 0;
}
