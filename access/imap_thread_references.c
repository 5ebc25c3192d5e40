/*
 * imap_thread_references.c - the algorithm REFERENCES (RFC 5256 section 3), by the numbers of its steps.
 *
 * nodes[1..r->n] are the messages; what is only referred to gets nodes behind them.
 */
#include "access/imap_thread.h"

#include "access/imap_cache.h"
#include "access/imap_thread_ids.h"
#include "base/cleanup.h"

#include <stdlib.h>

#define VALUE_MAX (1 << 20) /* octets of a References field that are looked at */

static bool counts_not(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' || c == '\\';
}

/* Cut the next "<id>" off; quotes and backslashes do not count. False: there is none. */
static bool next_id(struct bytes *rest, struct strbuf *id)
{
    strbuf_clear(id);
    while (rest->n) {
        size_t open = bytes_index(*rest, '<');
        *rest = bytes_skip(*rest, open < rest->n ? open + 1 : open);
        size_t close = bytes_index(*rest, '>');
        if (close == rest->n)
            return false;
        struct bytes inside = bytes_from(rest->p, close);
        while (inside.n) {
            size_t plain = 0;
            while (plain < inside.n && !counts_not(inside.p[plain]))
                plain++;
            strbuf_add(id, inside.p, plain);
            inside = bytes_skip(inside, plain < inside.n ? plain + 1 : plain);
        }
        *rest = bytes_skip(*rest, close + 1);
        if (id->len)
            return true;
    }
    return false;
}

/* The node of this id; a new one if there is none. *old: it was there. */
static uint32_t node_of(struct imap_forest *f, struct imap_thread_ids *ids, const struct strbuf *text,
                        uint32_t use, bool *old)
{
    uint32_t *at = imap_thread_ids_node(ids, strbuf_bytes(text));
    *old = at && *at;
    if (*old)
        return *at;
    uint32_t node = use ? use : imap_forest_add(f, 0);
    if (at)
        *at = node;
    return node;
}

/* Would child be above itself? Only one that has children can be. */
static bool makes_loop(const struct imap_forest *f, uint32_t parent, uint32_t child)
{
    if (parent == child)
        return true;
    if (!f->nodes[child].child)
        return false;
    while (parent && parent != child)
        parent = f->nodes[parent].parent;
    return parent == child;
}

/* ---- (1) ---- */

/* (1)(A): each reference is the parent of the one behind it. Returns the last one. */
static uint32_t link_references(struct imap_forest *f, struct imap_thread_ids *ids, struct bytes value,
                                bool first_only)
{
    AUTO_STRBUF struct strbuf id = STRBUF_INIT(VALUE_MAX);
    uint32_t before = 0;
    bool old;
    for (unsigned i = 0; i < IMAP_THREAD_REFERENCES_MAX && next_id(&value, &id); i++) {
        uint32_t node = node_of(f, ids, &id, 0, &old);
        if (before && !f->nodes[node].parent && !makes_loop(f, before, node))
            imap_forest_link(f, before, node);
        before = node;
        if (first_only)
            break;
    }
    return before;
}

static uint32_t last_reference(struct imap_forest *f, struct imap_thread_ids *ids, struct imap_message *m)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    uint32_t last = 0;
    if (imap_cache_value(m, "References", &value))
        last = link_references(f, ids, strbuf_bytes(&value), false);
    if (last)
        return last;
    strbuf_clear(&value);
    return imap_cache_value(m, "In-Reply-To", &value) ? link_references(f, ids, strbuf_bytes(&value), true)
                                                      : 0;
}

/* Give message `node` the place that its id has had so far, as somebody's reference. */
static void take_place(struct imap_forest *f, struct imap_thread_ids *ids, struct imap_message *m,
                       uint32_t *place, uint32_t node)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX), id = STRBUF_INIT(VALUE_MAX);
    bool old;
    *place = node;
    if (!imap_cache_value(m, "Message-ID", &value))
        return;
    struct bytes rest = strbuf_bytes(&value);
    if (!next_id(&rest, &id))
        return;
    uint32_t had = node_of(f, ids, &id, node, &old);
    if (old && !f->nodes[had].hit)
        *place = had; /* else another message has this id, and this one none */
}

static void move_message(struct imap_forest *f, uint32_t place, uint32_t node)
{
    if (place == node)
        return;
    struct imap_thread_node *to = &f->nodes[place], *from = &f->nodes[node];
    to->hit = from->hit;
    to->date = from->date;
    to->subject = from->subject;
    to->reply = from->reply;
    from->hit = 0; /* it is nowhere in a tree, and is pruned */
}

static void link_all(struct imap *s, struct imap_forest *f, const struct imap_results *r,
                     struct imap_thread_ids *ids)
{
    struct imap_progress progress = {0};
    for (uint32_t i = 1; i <= r->n && !s->io.dead; i++) {
        struct imap_message *m = imap_message_new(s->mb, r->hits[i - 1].uid);
        uint32_t place;
        take_place(f, ids, m, &place, i);
        move_message(f, place, i);
        uint32_t parent = last_reference(f, ids, m);
        imap_message_free(m);
        if (!parent || makes_loop(f, parent, place)) /* (1)(B) */
            continue;
        if (f->nodes[place].parent)
            imap_forest_unlink(f, place);
        imap_forest_link(f, parent, place);
        imap_progress(s, &progress, i, r->n);
    }
}

/* ---- (2), (3) ---- */

/* Nodes with messages in them, and made-up parents of several at the top, are left. A node's nearest ancestor with a message is its parent, or the
 * topmost one without. */
static void prune(struct imap_forest *f, struct imap_forest *out, uint32_t *moved)
{
    AUTO_FREE uint32_t *top = xcalloc(f->n, sizeof(*top));
    for (uint32_t i = 1; i < f->n; i++)
        if (f->nodes[i].hit)
            moved[i] = imap_forest_add(out, f->nodes[i].hit);
    for (uint32_t i = 1; i < f->n; i++) {
        if (!f->nodes[i].hit)
            continue;
        struct imap_thread_node *n = &out->nodes[moved[i]];
        n->date = f->nodes[i].date;
        n->subject = f->nodes[i].subject;
        n->reply = f->nodes[i].reply;
        uint32_t up = f->nodes[i].parent, last = 0;
        while (up && !f->nodes[up].hit) {
            last = up;
            up = f->nodes[up].parent;
        }
        top[i] = up ? 0 : last;
        if (up)
            imap_forest_link(out, moved[up], moved[i]);
        else if (!last)
            imap_forest_link(out, 0, moved[i]);
    }
    AUTO_FREE uint32_t *count = xcalloc(f->n, sizeof(*count));
    for (uint32_t i = 1; i < f->n; i++)
        count[top[i]]++;
    for (uint32_t i = 1; i < f->n; i++) {
        if (!top[i])
            continue;
        if (count[top[i]] > 1 && !moved[top[i]]) {
            moved[top[i]] = imap_forest_add(out, 0);
            imap_forest_link(out, 0, moved[top[i]]);
        }
        imap_forest_link(out, moved[top[i]], moved[i]);
    }
}

/* ---- (4) to (6) ---- */

static void sort_below(struct imap_forest *f, const struct imap_results *r)
{
    for (uint32_t i = 1; i < f->n; i++)
        imap_forest_sort(f, i, r);
    for (uint32_t i = 1; i < f->n; i++)
        if (!f->nodes[i].hit && f->nodes[i].child)
            f->nodes[i].date = f->nodes[f->nodes[i].child].date;
    imap_forest_sort(f, 0, r);
}

static const struct imap_thread_node *speaker(const struct imap_forest *f, uint32_t node)
{
    return f->nodes[node].hit || !f->nodes[node].child ? &f->nodes[node] : &f->nodes[f->nodes[node].child];
}

/* (5)(B): which thread has each subject. */
static void fill_table(const struct imap_forest *f, uint32_t *table)
{
    for (uint32_t i = f->nodes[0].child; i; i = f->nodes[i].next) {
        uint32_t subject = speaker(f, i)->subject, has = table[subject];
        if (!subject)
            continue;
        bool better = !has || (f->nodes[has].hit &&
                               (!f->nodes[i].hit || (speaker(f, has)->reply && !speaker(f, i)->reply)));
        if (better)
            table[subject] = i;
    }
}

static void adopt_children(struct imap_forest *f, uint32_t to, uint32_t from)
{
    while (f->nodes[from].child) {
        uint32_t child = f->nodes[from].child;
        imap_forest_unlink(f, child);
        imap_forest_link(f, to, child);
    }
}

/* (5)(C): put thread i and the one that has its subject together. `left` are the threads at the top that remain. */
static void merge(struct imap_forest *f, uint32_t *table, uint32_t subject, uint32_t i)
{
    uint32_t has = table[subject];
    bool dummy = !f->nodes[i].hit, has_dummy = !f->nodes[has].hit;
    if (dummy && has_dummy)
        adopt_children(f, has, i);
    else if (has_dummy || (f->nodes[i].reply && !f->nodes[has].reply))
        imap_forest_link(f, has, i);
    else {
        uint32_t both = imap_forest_add(f, 0);
        struct imap_thread_node *old = &f->nodes[has];
        f->nodes[both].child = has;
        f->nodes[both].last_child = has;
        f->nodes[both].parent = old->parent;
        old->parent = both;
        imap_forest_link(f, both, i);
        table[subject] = both;
    }
}

static void gather_subjects(struct imap_forest *f, uint32_t subjects)
{
    AUTO_FREE uint32_t *table = xcalloc(subjects + 1, sizeof(*table));
    uint32_t n = 0, count = 0;
    fill_table(f, table);
    for (uint32_t i = f->nodes[0].child; i; i = f->nodes[i].next)
        n++;
    AUTO_FREE uint32_t *tops = xcalloc(n + 1, sizeof(*tops));
    for (uint32_t i = f->nodes[0].child; i; i = f->nodes[i].next)
        tops[count++] = i;
    f->nodes[0].child = f->nodes[0].last_child = 0;
    for (uint32_t i = 0; i < n; i++)
        f->nodes[tops[i]].parent = f->nodes[tops[i]].next = f->nodes[tops[i]].before = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t subject = speaker(f, tops[i])->subject;
        if (subject && table[subject] != tops[i] && f->nodes[tops[i]].parent == 0)
            merge(f, table, subject, tops[i]);
    }
    for (uint32_t i = 1; i < f->n; i++) /* all that are still tops, and the new ones above them */
        if (!f->nodes[i].parent && (f->nodes[i].hit || f->nodes[i].child))
            imap_forest_link(f, 0, i);
}

void imap_thread_references(struct imap *s, struct imap_forest *f, const struct imap_results *r)
{
    struct imap_thread_ids ids;
    imap_thread_ids_init(&ids);
    struct imap_forest out;
    imap_thread_subjects(s, f, r);
    link_all(s, f, r, &ids);
    imap_thread_ids_done(&ids);
    AUTO_FREE uint32_t *moved = xcalloc(f->n, sizeof(*moved));
    imap_forest_init(&out);
    prune(f, &out, moved);
    imap_forest_done(f);
    *f = out;
    sort_below(f, r);
    gather_subjects(f, (uint32_t)r->n);
    sort_below(f, r);
}
