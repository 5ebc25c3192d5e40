/*
 * imap_thread.c - see imap_thread.h: the trees, base subjects, and the algorithm ORDEREDSUBJECT.
 */
#include "access/imap_thread.h"

#include "access/imap_sort.h"
#include "base/cleanup.h"

#include <stdlib.h>

#define TEXTS_MAX ((size_t)1 << 30)

/* ---- trees ---- */

void imap_forest_init(struct imap_forest *f)
{
    *f = (struct imap_forest){.nodes = xgrow(NULL, 0, sizeof(*f->nodes)), .n = 1};
    f->nodes[0] = (struct imap_thread_node){.hit = 0};
}

void imap_forest_done(struct imap_forest *f)
{
    free(f->nodes);
    *f = (struct imap_forest){NULL, 0};
}

uint32_t imap_forest_add(struct imap_forest *f, uint32_t hit)
{
    f->nodes = xgrow(f->nodes, f->n, sizeof(*f->nodes));
    f->nodes[f->n] = (struct imap_thread_node){.hit = hit};
    return f->n++;
}

void imap_forest_link(struct imap_forest *f, uint32_t parent, uint32_t child)
{
    struct imap_thread_node *p = &f->nodes[parent], *c = &f->nodes[child];
    c->parent = parent;
    c->next = 0;
    c->before = p->last_child;
    *(p->last_child ? &f->nodes[p->last_child].next : &p->child) = child;
    p->last_child = child;
}

void imap_forest_unlink(struct imap_forest *f, uint32_t child)
{
    struct imap_thread_node *c = &f->nodes[child], *p = &f->nodes[c->parent];
    *(c->before ? &f->nodes[c->before].next : &p->child) = c->next;
    *(c->next ? &f->nodes[c->next].before : &p->last_child) = c->before;
    c->parent = c->next = c->before = 0;
}

struct dated {
    int64_t date;
    uint32_t seq, node;
};

static struct dated dated(const struct imap_forest *f, const struct imap_results *r, uint32_t node)
{
    const struct imap_thread_node *n = &f->nodes[node];
    int64_t date = n->date;
    if (!n->hit && n->child)
        n = &f->nodes[n->child];
    return (struct dated){date, n->hit ? r->hits[n->hit - 1].seq : 0, node};
}

static int compare_dates(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void imap_forest_sort(struct imap_forest *f, uint32_t parent, const struct imap_results *r)
{
    uint32_t n = 0;
    for (uint32_t c = f->nodes[parent].child; c; c = f->nodes[c].next)
        n++;
    if (n < 2)
        return;
    AUTO_FREE struct dated *children = xcalloc(n, sizeof(*children));
    n = 0;
    for (uint32_t c = f->nodes[parent].child; c; c = f->nodes[c].next)
        children[n++] = dated(f, r, c);
    qsort(children, n, sizeof(*children), compare_dates);
    f->nodes[parent].child = f->nodes[parent].last_child = 0;
    for (uint32_t i = 0; i < n; i++)
        imap_forest_link(f, parent, children[i].node);
}

/* ---- subjects ---- */

struct subjects {
    struct strbuf texts;
    size_t *at; /* of each message's, with the end of the last one behind them */
};

static int compare_subjects(const void *a, const void *b, void *arg)
{
    const struct subjects *s = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    size_t nx = s->at[x + 1] - s->at[x], ny = s->at[y + 1] - s->at[y];
    int r = memcmp(s->texts.data + s->at[x], s->texts.data + s->at[y], nx < ny ? nx : ny);
    return r ? r : (nx > ny) - (nx < ny);
}

void imap_thread_subjects(struct imap *s, struct imap_forest *f, const struct imap_results *r)
{
    struct imap_progress progress = {0};
    struct subjects all = {.texts = STRBUF_INIT(TEXTS_MAX), .at = xcalloc(r->n + 1, sizeof(size_t))};
    AUTO_FREE uint32_t *order = xcalloc(r->n + 1, sizeof(*order));
    for (uint32_t i = 0; i < r->n && !s->io.dead; i++) {
        order[i] = i;
        all.at[i] = all.texts.len;
        f->nodes[i + 1].reply = imap_sort_look(s->mb, r->hits[i].uid, &all.texts, &f->nodes[i + 1].date);
        all.at[i + 1] = all.texts.len;
        imap_progress(s, &progress, i, r->n);
    }
    if (!s->io.dead)
        qsort_r(order, r->n, sizeof(*order), compare_subjects, &all);
    for (uint32_t i = 0, number = 0; i < r->n && !s->io.dead; i++) {
        bool empty = all.at[order[i]] == all.at[order[i] + 1];
        if (!empty && (!number || compare_subjects(&order[i - 1], &order[i], &all)))
            number++;
        f->nodes[order[i] + 1].subject = empty ? 0 : number;
    }
    strbuf_done(&all.texts);
    free(all.at);
}

/* ---- ORDEREDSUBJECT ---- */

/* All of one subject hang below the one that was sent first. Those without a subject are one thread, too. */
void imap_thread_ordered_subject(struct imap *s, struct imap_forest *f, const struct imap_results *r)
{
    AUTO_FREE uint32_t *first = xcalloc(r->n + 2, sizeof(*first)); /* of each subject */
    imap_thread_subjects(s, f, r);
    for (uint32_t i = 1; i <= r->n; i++)
        imap_forest_link(f, 0, i);
    imap_forest_sort(f, 0, r);
    uint32_t next;
    for (uint32_t i = f->nodes[0].child, end = 0; i != end; i = next) {
        next = f->nodes[i].next;
        uint32_t *top = &first[f->nodes[i].subject];
        if (!*top)
            *top = i;
    }
    AUTO_FREE uint32_t *order = xcalloc(r->n + 1, sizeof(*order));
    uint32_t n = 0;
    for (uint32_t i = f->nodes[0].child; i; i = f->nodes[i].next)
        order[n++] = i;
    f->nodes[0].child = f->nodes[0].last_child = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t top = first[f->nodes[order[i]].subject];
        imap_forest_link(f, top == order[i] ? 0 : top, order[i]);
    }
}
