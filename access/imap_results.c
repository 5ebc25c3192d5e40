/*
 * imap_results.c - see imap_results.h.
 */
#include "access/imap_results.h"

#include "base/cleanup.h"

#include <stdlib.h>

#define SET_TEXT_MAX (8 << 20) /* octets of a set of results */

void imap_results_done(struct imap_results *r)
{
    free(r->hits);
    *r = (struct imap_results){NULL, 0};
}

/* ---- options ---- */

bool imap_partial_parse(struct bytes text, struct imap_return_options *options)
{
    uint64_t from, to;
    struct bytes first = bytes_split(&text, ':');
    bool end = first.n && *first.p == '-';
    if (!text.p || (text.n && *text.p == '-') != end)
        return false;
    if (!bytes_to_u64(bytes_skip(first, end), UINT32_MAX, &from) ||
        !bytes_to_u64(bytes_skip(text, end), UINT32_MAX, &to) || !from || !to)
        return false;
    options->from_end = end;
    options->from = (uint32_t)(from < to ? from : to);
    options->to = (uint32_t)(from < to ? to : from);
    return true;
}

void imap_partial_apply(const struct imap_return_options *options, size_t n, size_t *first, size_t *count)
{
    size_t from = options->from - 1, to = options->to < n ? options->to : n; /* [from, to) */
    *count = from < to ? to - from : 0;
    *first = options->from_end ? n - to : from;
    if (!*count)
        *first = 0;
}

static bool read_option(struct imap_args *list, struct imap_return_options *options)
{
    static const struct {
        const char *name;
        enum imap_return what;
    } names[] = {
        {"MIN", IMAP_RETURN_MIN},     {"MAX", IMAP_RETURN_MAX},   {"ALL", IMAP_RETURN_ALL},
        {"COUNT", IMAP_RETURN_COUNT}, {"SAVE", IMAP_RETURN_SAVE}, {"PARTIAL", IMAP_RETURN_PARTIAL},
    };
    struct bytes range;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!imap_args_word(list, names[i].name))
            continue;
        options->what |= names[i].what;
        return names[i].what != IMAP_RETURN_PARTIAL ||
               (imap_args_atom(list, &range) && imap_partial_parse(range, options));
    }
    return false;
}

bool imap_return_parse(struct imap *s, struct imap_return_options *options)
{
    struct imap_args list;
    *options = (struct imap_return_options){.esearch = (s->enabled & IMAP_ENABLED_REV2) != 0,
                                            .what = IMAP_RETURN_ALL};
    if (!imap_args_word(&s->args, "RETURN"))
        return true;
    bool fine = imap_args_list(&s->args, &list);
    *options = (struct imap_return_options){.esearch = true};
    while (fine && !imap_args_end(&list))
        fine = read_option(&list, options);
    if (fine && !options->what)
        options->what = IMAP_RETURN_ALL;
    fine &=
        (options->what & (IMAP_RETURN_ALL | IMAP_RETURN_PARTIAL)) != (IMAP_RETURN_ALL | IMAP_RETURN_PARTIAL);
    if (!fine)
        imap_bad(s, "RETURN takes MIN, MAX, ALL, COUNT, SAVE and PARTIAL with a range as 1:100 or -1:-100 "
                    "(not together with ALL)");
    return fine;
}

/* ---- searching ---- */

struct search {
    struct imap *s;
    const struct imap_search_node *root;
    struct imap_results *r;
    struct imap_progress progress;
    struct imap_text_want *wants; /* messages whose text decides */
    size_t nwants;
};

static bool progress(void *arg, size_t done, size_t total)
{
    struct search *f = arg;
    imap_progress(f->s, &f->progress, done, total);
    return !f->s->io.dead;
}

/* Judge one message; true: it goes into the results, as far as is known. */
static enum imap_truth judge(struct search *f, struct imap_hit *hit, const struct imap_text_want *want)
{
    struct imap_candidate c = {.mb = f->s->mb, .uid = hit->uid, .seq = hit->seq};
    if (!mailbox_flags(f->s->mb, hit->uid, &c.flags))
        return IMAP_FALSE;
    c.has_texts = want != NULL;
    c.texts = want ? want->found : 0;
    enum imap_truth truth = imap_search_match(&c, f->root);
    const struct mail *mail =
        f->root->uses & IMAP_SEARCH_USES_MODSEQ ? mailbox_find(f->s->mb, hit->uid) : NULL;
    hit->modseq = mail ? mail->changed : 0;
    imap_message_free(c.message);
    return truth;
}

static void judge_all(struct search *f)
{
    struct imap_results *r = f->r;
    uint32_t count = imap_view_count(&f->s->view);
    for (uint32_t seq = 1; seq <= count && progress(f, seq, count); seq++) {
        struct imap_hit hit = {.uid = imap_view_uid(&f->s->view, seq), .seq = seq};
        enum imap_truth truth = judge(f, &hit, NULL);
        if (truth == IMAP_FALSE)
            continue;
        r->hits = xgrow(r->hits, r->n, sizeof(*r->hits));
        r->hits[r->n++] = hit;
        if (truth == IMAP_TRUE)
            continue;
        f->wants = xgrow(f->wants, f->nwants, sizeof(*f->wants));
        f->wants[f->nwants++] = (struct imap_text_want){.uid = hit.uid};
    }
}

/* Now that it is known what is in the texts. */
static void judge_again(struct search *f)
{
    size_t n = 0, want = 0;
    for (size_t i = 0; i < f->r->n; i++) {
        struct imap_hit hit = f->r->hits[i];
        bool open = want < f->nwants && f->wants[want].uid == hit.uid;
        if (!open || judge(f, &hit, &f->wants[want]) == IMAP_TRUE)
            f->r->hits[n++] = hit;
        want += open;
    }
    f->r->n = n;
}

void imap_results_search(struct imap *s, const struct imap_search_node *root, struct imap_results *r)
{
    struct imap_text_needle needles[IMAP_TEXT_NEEDLES_MAX];
    struct search f = {.s = s, .root = root, .r = r};
    judge_all(&f);
    if (f.nwants) {
        struct imap_text t = {.mb = s->mb, .needles = needles, .wants = f.wants, .n = f.nwants};
        t.nneedles = imap_search_needles(root, needles);
        t.progress = progress;
        t.arg = &f;
        imap_text_find(&t);
        judge_again(&f);
    }
    free(f.wants);
}

/* ---- telling ---- */

static uint32_t number(const struct imap *s, const struct imap_hit *hit)
{
    return s->by_uid ? hit->uid : hit->seq;
}

static uint64_t highest(const struct imap_hit *hits, size_t n)
{
    uint64_t modseq = 0;
    for (size_t i = 0; i < n; i++)
        modseq = hits[i].modseq > modseq ? hits[i].modseq : modseq;
    return modseq;
}

static void put_modseq(struct imap *s, const char *before, uint64_t modseq, const char *behind)
{
    imap_puts(s, before);
    imap_put_number(s, modseq);
    imap_puts(s, behind);
}

static void tell_plainly(struct imap *s, const char *command, const struct imap_results *r, bool modseq)
{
    imap_puts(s, "* ");
    imap_puts(s, command);
    for (size_t i = 0; i < r->n; i++) {
        imap_puts(s, " ");
        imap_put_number(s, number(s, &r->hits[i]));
    }
    if (modseq && r->n)
        put_modseq(s, " (MODSEQ ", highest(r->hits, r->n), ")");
    imap_puts(s, "\r\n");
}

static void put_set(struct imap *s, const struct imap_hit *hits, size_t n)
{
    AUTO_FREE uint32_t *numbers = xcalloc(n + 1, sizeof(*numbers));
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(SET_TEXT_MAX);
    for (size_t i = 0; i < n; i++)
        numbers[i] = number(s, &hits[i]);
    imap_seqset_write(&text, numbers, n);
    imap_put(s, strbuf_bytes(&text));
}

static void put_partial(struct imap *s, const struct imap_return_options *options,
                        const struct imap_hit *hits, size_t n)
{
    const char *sign = options->from_end ? "-" : "";
    char range[40];
    snprintf(range, sizeof(range), " PARTIAL (%s%u:%s%u ", sign, options->from, sign, options->to);
    imap_puts(s, range);
    if (n)
        put_set(s, hits, n);
    else
        imap_puts(s, "NIL");
    imap_puts(s, ")");
}

/* The highest mod-sequence of what is told (RFC 7162 section 3.1.5, RFC 9394 section 3.4). */
static uint64_t modseq_told(const struct imap_return_options *options, const struct imap_results *r,
                            const struct imap_hit *part, size_t npart)
{
    uint64_t found = options->what & IMAP_RETURN_PARTIAL ? highest(part, npart) : 0;
    if (options->what & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT))
        return highest(r->hits, r->n);
    const struct imap_hit *ends[] = {options->what & IMAP_RETURN_MIN ? &r->hits[0] : NULL,
                                     options->what & IMAP_RETURN_MAX ? &r->hits[r->n - 1] : NULL};
    for (size_t i = 0; i < ARRAY_LEN(ends) && r->n; i++)
        if (ends[i] && ends[i]->modseq > found)
            found = ends[i]->modseq;
    return found;
}

static void put_labelled(struct imap *s, const char *label, uint32_t value)
{
    imap_puts(s, label);
    imap_put_number(s, value);
}

static void tell_esearch(struct imap *s, const struct imap_return_options *options,
                         const struct imap_results *r, const struct imap_hit *part, size_t npart, bool modseq)
{
    unsigned what = options->what;
    imap_puts(s, "* ESEARCH (TAG \"");
    imap_put(s, imap_parse_tag(&s->parse));
    imap_puts(s, s->by_uid ? "\") UID" : "\")");
    if (what & IMAP_RETURN_MIN && r->n)
        put_labelled(s, " MIN ", number(s, &r->hits[0]));
    if (what & IMAP_RETURN_MAX && r->n)
        put_labelled(s, " MAX ", number(s, &r->hits[r->n - 1]));
    if (what & IMAP_RETURN_COUNT)
        put_labelled(s, " COUNT ", (uint32_t)r->n);
    if (what & IMAP_RETURN_PARTIAL)
        put_partial(s, options, part, npart);
    if (what & IMAP_RETURN_ALL && r->n) {
        imap_puts(s, " ALL ");
        put_set(s, r->hits, r->n);
    }
    if (modseq && r->n)
        put_modseq(s, " MODSEQ ", modseq_told(options, r, part, npart), "");
    imap_puts(s, "\r\n");
}

/* ---- saving ---- */

void imap_saved_clear(struct imap *s)
{
    free(s->saved);
    s->saved = NULL;
    s->nsaved = 0;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What is kept: that of which the answer tells, or all if it tells of none or of more than the ends (RFC 5182 section 2.4). */
static void save(struct imap *s, const struct imap_return_options *options, const struct imap_results *r,
                 const struct imap_hit *part, size_t npart)
{
    unsigned what = options->what;
    bool partial = what & IMAP_RETURN_PARTIAL, ends = what & (IMAP_RETURN_MIN | IMAP_RETURN_MAX);
    bool all = what & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT) ? !partial : !partial && !ends;
    imap_saved_clear(s);
    s->saved = xcalloc(r->n + 3, sizeof(*s->saved));
    for (size_t i = 0; i < (all ? r->n : partial ? npart : 0); i++)
        s->saved[s->nsaved++] = (all ? r->hits : part)[i].uid;
    if (!all && what & IMAP_RETURN_MIN && r->n)
        s->saved[s->nsaved++] = r->hits[0].uid;
    if (!all && what & IMAP_RETURN_MAX && r->n)
        s->saved[s->nsaved++] = r->hits[r->n - 1].uid;
    qsort(s->saved, s->nsaved, sizeof(*s->saved), by_value);
}

void imap_saved_set(const struct imap *s, bool by_uid, struct imap_seqset *set)
{
    *set = (struct imap_seqset){.ranges = xcalloc(s->nsaved + 1, sizeof(*set->ranges))};
    for (size_t i = 0; i < s->nsaved; i++) {
        uint32_t seq = imap_view_seq(&s->view, s->saved[i]), value = by_uid ? s->saved[i] : seq;
        struct imap_seqrange *last = set->n ? &set->ranges[set->n - 1] : NULL;
        if (!seq || (last && last->hi == value))
            continue; /* removed since, or there already */
        if (last && last->hi + 1 == value)
            last->hi = value;
        else
            set->ranges[set->n++] = (struct imap_seqrange){value, value};
    }
}

void imap_results_tell(struct imap *s, const struct imap_return_options *options, const char *command,
                       const struct imap_results *r, bool modseq)
{
    size_t first = 0, npart = 0;
    if (options->what & IMAP_RETURN_PARTIAL)
        imap_partial_apply(options, r->n, &first, &npart);
    const struct imap_hit *part = r->hits ? r->hits + first : NULL;
    if (options->what & IMAP_RETURN_SAVE)
        save(s, options, r, part, npart);
    if (!options->esearch)
        tell_plainly(s, command, r, modseq);
    else if (options->what != IMAP_RETURN_SAVE)
        tell_esearch(s, options, r, part, npart, modseq);
}
