/*
 * imap_sort.c - see imap_sort.h.
 *
 * The first criterion is found out for all messages, and the others with it; all texts stand in one string. Equal messages stay in the order
 * of their numbers.
 */
#include "access/imap_sort.h"

#include "access/imap_base_subject.h"
#include "access/imap_cache.h"
#include "base/cleanup.h"

#include <stdlib.h>

#define VALUE_MAX (1 << 20) /* octets of a header field that are looked at */
#define TEXTS_MAX ((size_t)1 << 30)

struct key {
    int64_t number;    /* or where its text begins */
    uint32_t text_len; /* of texts */
};

struct imap_sort_row {
    const char *name;
    const char *field; /* header field, of texts */
    int64_t (*number)(struct imap_message *m);
    void (*text)(struct imap_message *m, const char *field, struct strbuf *out);
};

/* ---- what messages are compared by ---- */

static int64_t arrival(struct imap_message *m)
{
    const struct mail_info *info = imap_message_info(m);
    return info ? info->internal_date : 0;
}

static int64_t size(struct imap_message *m)
{
    const struct mail_info *info = imap_message_info(m);
    return info ? (int64_t)info->virtual_size : 0;
}

int64_t imap_sort_date(struct imap_message *m)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    time_t when;
    int zone;
    if (imap_cache_value(m, "Date", &value) && date_parse(strbuf_bytes(&value), &when, &zone))
        return when;
    return arrival(m);
}

bool imap_sort_subject(struct imap_message *m, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX), decoded = STRBUF_INIT(VALUE_MAX),
                              base = STRBUF_INIT(VALUE_MAX);
    if (!imap_cache_value(m, "Subject", &value))
        return false;
    header_decode(&decoded, strbuf_bytes(&value));
    bool reply = imap_base_subject(strbuf_bytes(&decoded), &base);
    text_collate(out, strbuf_bytes(&base));
    return reply;
}

static void subject(struct imap_message *m, const char *field, struct strbuf *out)
{
    (void)field;
    imap_sort_subject(m, out);
}

struct first {
    struct strbuf *out;
    bool display, done;
};

static void take_mailbox(void *arg, const struct address *a)
{
    struct first *f = arg;
    if (!f->done)
        text_collate(f->out, a->mailbox.p ? a->mailbox : BYTES(""));
    f->done = true;
}

/* The display name, or the address where there is none (RFC 5957 section 3). Groups have neither. */
static void take_display(void *arg, const struct address *a)
{
    struct first *f = arg;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(VALUE_MAX);
    if (f->done || !a->host.p)
        return;
    if (a->name.n)
        header_decode(&text, a->name);
    else
        strbuf_addf(&text, BYTES_FMT "@" BYTES_FMT, BYTES_ARG(a->mailbox), BYTES_ARG(a->host));
    text_collate(f->out, strbuf_bytes(&text));
    f->done = true;
}

static void address(struct imap_message *m, const char *field, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    struct first f = {.out = out};
    if (imap_cache_value(m, field, &value))
        address_parse(strbuf_bytes(&value), take_mailbox, &f);
}

static void display(struct imap_message *m, const char *field, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(VALUE_MAX);
    struct first f = {.out = out};
    if (imap_cache_value(m, field, &value))
        address_parse(strbuf_bytes(&value), take_display, &f);
}

static const struct imap_sort_row rows[] = {
    {"ARRIVAL", NULL, .number = arrival},
    {"CC", "Cc", .text = address},
    {"DATE", NULL, .number = imap_sort_date},
    {"DISPLAYFROM", "From", .text = display},
    {"DISPLAYTO", "To", .text = display},
    {"FROM", "From", .text = address},
    {"SIZE", NULL, .number = size},
    {"SUBJECT", "Subject", .text = subject},
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

static void find_out(struct sorting *w, struct imap_message *m, struct key *keys)
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

static int compare(const void *a, const void *b, void *arg)
{
    const struct sorting *w = arg;
    size_t x = *(const uint32_t *)a, y = *(const uint32_t *)b, n = w->sort->n;
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
    AUTO_FREE uint32_t *order = xcalloc(r->n + 1, sizeof(*order));
    w.keys = xcalloc(r->n * sort->n + 1, sizeof(*w.keys));
    for (size_t i = 0; i < r->n && !s->io.dead; i++) {
        struct imap_message *m = imap_message_new(s->mb, r->hits[i].uid);
        order[i] = (uint32_t)i;
        find_out(&w, m, &w.keys[i * sort->n]);
        imap_message_free(m);
        imap_progress(s, &progress, i, r->n);
    }
    qsort_r(order, r->n, sizeof(*order), compare, &w);
    struct imap_hit *sorted = xcalloc(r->n + 1, sizeof(*sorted));
    for (size_t i = 0; i < r->n; i++)
        sorted[i] = r->hits[order[i]];
    free(r->hits);
    r->hits = sorted;
    free(w.keys);
    strbuf_done(&w.texts);
}
