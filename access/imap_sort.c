/*
 * imap_sort.c - see imap_sort.h.
 *
 * All criteria are found out for all messages first; all texts stand in one string. What is sorted are numbers: the first criterion's, or the first
 * eight octets of its text; only where those are equal is more looked at. Equal messages stay in the order of their numbers.
 */
#include "access/imap_sort.h"

#include "access/imap_cache.h"
#include "access/imap_sort_text.h"
#include "base/cleanup.h"

#include <endian.h>
#include <stdlib.h>

#define VALUE_MAX (1 << 20) /* octets of a header field that are looked at */
#define TEXTS_MAX ((size_t)1 << 30)

struct key {
    int64_t number;    /* or where its text begins */
    uint32_t text_len; /* of texts */
};

struct looked_at;

struct imap_sort_row {
    const char *name;
    const char *field; /* header field, of texts */
    int64_t (*number)(struct looked_at *l);
    void (*text)(struct looked_at *l, const char *field, struct strbuf *out);
};

/* ---- what messages are compared by ---- */

/* A message of which the index knows everything is not opened. */
struct looked_at {
    struct mailbox *mb;
    uint32_t uid;
    struct imap_message *message;
    struct imap_brief brief;
};

static struct imap_message *message(struct looked_at *l)
{
    if (!l->message)
        l->message = imap_message_new(l->mb, l->uid);
    return l->message;
}

static bool brief(struct looked_at *l)
{
    return imap_cache_brief(l->mb, l->uid, &l->brief) || imap_cache_get_brief(message(l), &l->brief);
}

static int64_t arrival(struct looked_at *l)
{
    const struct mail_info *info = imap_message_info(message(l));
    return info ? info->internal_date : 0;
}

static int64_t size(struct looked_at *l)
{
    const struct mail_info *info = imap_message_info(message(l));
    return info ? (int64_t)info->virtual_size : 0;
}

static int64_t date(struct looked_at *l)
{
    const struct strbuf *header;
    struct header_field field;
    time_t when;
    int zone;
    if (brief(l))
        return l->brief.has_sent ? l->brief.sent : arrival(l);
    header = imap_message_header(message(l));
    bool fine =
        header && header_find(strbuf_bytes(header), "Date", &field) && date_parse(field.value, &when, &zone);
    return fine ? when : arrival(l);
}

static bool reply_and_subject(struct looked_at *l, struct strbuf *out)
{
    if (brief(l)) {
        strbuf_addb(out, l->brief.subject);
        return l->brief.reply;
    }
    const struct strbuf *header = imap_message_header(message(l));
    return header && imap_sort_header_subject(strbuf_bytes(header), out);
}

static void subject(struct looked_at *l, const char *field, struct strbuf *out)
{
    (void)field;
    reply_and_subject(l, out);
}

static void address(struct looked_at *l, const char *field, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    if (strcmp(field, "From") == 0 && brief(l))
        strbuf_addb(out, l->brief.from);
    else if (imap_cache_value(message(l), field, &value))
        imap_sort_address(strbuf_bytes(&value), out);
}

static void display(struct looked_at *l, const char *field, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    if (imap_cache_value(message(l), field, &value))
        imap_sort_display(strbuf_bytes(&value), out);
}

bool imap_sort_look(struct mailbox *mb, uint32_t uid, struct strbuf *base_subject, int64_t *sent)
{
    struct looked_at l = {.mb = mb, .uid = uid};
    bool reply = reply_and_subject(&l, base_subject);
    *sent = date(&l);
    imap_message_free(l.message);
    return reply;
}

static const struct imap_sort_row rows[] = {
    {"ARRIVAL", NULL, .number = arrival}, {"CC", "Cc", .text = address},
    {"DATE", NULL, .number = date},       {"DISPLAYFROM", "From", .text = display},
    {"DISPLAYTO", "To", .text = display}, {"FROM", "From", .text = address},
    {"SIZE", NULL, .number = size},       {"SUBJECT", "Subject", .text = subject},
    {"TO", "To", .text = address},
};

/* ---- reading ---- */

bool imap_sort_parse(struct imap *s, struct imap_sort *sort)
{
    struct imap_args list;
    *sort = (struct imap_sort){.n = 0};
    bool fine = imap_args_list(&s->args, &list) && !imap_args_end(&list);
    while (fine && !imap_args_end(&list)) {
        size_t i = 0;
        bool reverse = imap_args_word(&list, "REVERSE");
        while (i < ARRAY_LEN(rows) && !imap_args_word(&list, rows[i].name))
            i++;
        fine = i < ARRAY_LEN(rows) && sort->n < IMAP_SORT_CRITERIA_MAX;
        if (fine) {
            sort->reverse[sort->n] = reverse;
            sort->rows[sort->n++] = &rows[i];
        }
    }
    if (!fine)
        imap_bad(s, "SORT takes a list of ARRIVAL, CC, DATE, DISPLAYFROM, DISPLAYTO, FROM, SIZE, SUBJECT and "
                    "TO, each perhaps behind REVERSE");
    return fine;
}

/* ---- sorting ---- */

struct sorting {
    const struct imap_sort *sort;
    const struct imap_hit *hits;
    struct key *keys; /* sort->n of each hit */
    struct strbuf texts;
};

static void find_out(struct sorting *w, struct looked_at *m, struct key *keys)
{
    for (size_t i = 0; i < w->sort->n; i++) {
        const struct imap_sort_row *row = w->sort->rows[i];
        if (row->number) {
            keys[i].number = row->number(m);
            continue;
        }
        keys[i].number = (int64_t)w->texts.len;
        row->text(m, row->field, &w->texts);
        keys[i].text_len = (uint32_t)(w->texts.len - (size_t)keys[i].number);
    }
}

static int compare_text(const struct strbuf *texts, const struct key *x, const struct key *y)
{
    int r = memcmp(texts->data + x->number, texts->data + y->number,
                   x->text_len < y->text_len ? x->text_len : y->text_len);
    return r ? r : (x->text_len > y->text_len) - (x->text_len < y->text_len);
}

struct place {
    uint64_t first; /* of unequal ones the lower comes first */
    uint32_t hit;
};

static uint64_t first_of(const struct sorting *w, const struct key *key)
{
    uint64_t first = (uint64_t)key->number ^ (uint64_t)1 << 63;
    if (!w->sort->rows[0]->number) {
        first = 0;
        memcpy(&first, w->texts.data + key->number,
               key->text_len < sizeof(first) ? key->text_len : sizeof(first));
        first = be64toh(first);
    }
    return w->sort->reverse[0] ? ~first : first;
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct sorting *w = arg;
    const struct place *place = a, *other = b;
    size_t x = place->hit, y = other->hit, n = w->sort->n;
    if (place->first != other->first)
        return place->first < other->first ? -1 : 1;
    for (size_t i = 0; i < n; i++) {
        const struct key *p = &w->keys[x * n + i], *q = &w->keys[y * n + i];
        int r = w->sort->rows[i]->number ? (p->number > q->number) - (p->number < q->number)
                                         : compare_text(&w->texts, p, q);
        if (r)
            return w->sort->reverse[i] ? -r : r;
    }
    return (w->hits[x].seq > w->hits[y].seq) - (w->hits[x].seq < w->hits[y].seq);
}

void imap_sort_run(struct imap *s, const struct imap_sort *sort, struct imap_results *r)
{
    struct imap_progress progress = {0};
    struct sorting w = {.sort = sort, .hits = r->hits, .texts = STRBUF_INIT(TEXTS_MAX)};
    AUTO_FREE struct place *order = xcalloc(r->n + 1, sizeof(*order));
    w.keys = xcalloc(r->n * sort->n + 1, sizeof(*w.keys));
    for (size_t i = 0; i < r->n && !s->io.dead; i++) {
        struct looked_at l = {.mb = s->mb, .uid = r->hits[i].uid};
        find_out(&w, &l, &w.keys[i * sort->n]);
        imap_message_free(l.message);
        imap_progress(s, &progress, i, r->n);
    }
    for (size_t i = 0; i < r->n; i++)
        order[i] = (struct place){first_of(&w, &w.keys[i * sort->n]), (uint32_t)i};
    qsort_r(order, r->n, sizeof(*order), compare, &w);
    struct imap_hit *sorted = xcalloc(r->n + 1, sizeof(*sorted));
    for (size_t i = 0; i < r->n; i++)
        sorted[i] = r->hits[order[i].hit];
    free(r->hits);
    r->hits = sorted;
    free(w.keys);
    strbuf_done(&w.texts);
}
