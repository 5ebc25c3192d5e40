/*
 * imap_text.c - see imap_text.h.
 *
 * The work is cut into blocks of the cache and into handfuls of messages; this thread and its helpers take the next of them under one
 * lock, which also guards the mailbox and the writing of the cache. Reading, decoding, unpacking, packing and searching are done outside.
 */
#include "access/imap_text.h"

#include "base/cleanup.h"
#include "maildir/message_text.h"
#include "maildir/text_cache.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX   4
#define THREAD_STACK  ((size_t)1 << 20)
#define HANDFUL       16 /* messages that a thread takes at once */
#define WORTH_HELPERS 64 /* messages to read, or blocks times four */

/* A text in the cache. */
struct pick {
    const struct text_place *place;
    size_t want;
};

struct run {
    struct imap_text *t;
    struct text_cache cache;
    struct pick *picks; /* in the order of the file */
    size_t npicks, next_pick;
    size_t *unread; /* of the wants */
    size_t nunread, next_unread;
    size_t done;
    size_t keep;
    bool written, stopped;
    pthread_mutex_t lock;
};

struct worker {
    struct run *run;
    bool main;
    struct text_worker *blocks;
    struct message_text text;
    struct text_builder builder;
    bool hopeless;               /* nothing can be written */
    struct imap_text_want *want; /* the message that is being read */
};

/* ---- looking ---- */

static void look(const struct imap_text *t, struct imap_text_want *want, struct bytes text, size_t header)
{
    struct bytes body = bytes_skip(text, header < text.n ? header : text.n);
    for (size_t i = 0; i < t->nneedles; i++) {
        const struct imap_text_needle *needle = &t->needles[i];
        struct bytes hay = needle->body ? body : text;
        if (!(want->found >> i & 1) &&
            (!needle->text.n || memmem(hay.p, hay.n, needle->text.p, needle->text.n)))
            want->found |= (uint64_t)1 << i;
    }
}

static void look_at_run(void *arg, const struct message_text *text)
{
    struct worker *w = arg;
    look(w->run->t, w->want, strbuf_bytes(&text->text), text->header);
}

/* ---- what is in the cache ---- */

/* Take the picks of one block. */
static size_t take_block(struct run *r, const struct pick **first)
{
    pthread_mutex_lock(&r->lock);
    size_t from = r->next_pick, to = from;
    while (to < r->npicks && !r->stopped && r->picks[to].place->block == r->picks[from].place->block)
        to++;
    r->next_pick = to;
    pthread_mutex_unlock(&r->lock);
    *first = r->picks + from;
    return to - from;
}

static void block_is_done(struct run *r, const struct pick *picks, size_t n, bool fine)
{
    pthread_mutex_lock(&r->lock);
    if (fine)
        r->done += n;
    for (size_t i = 0; i < n && !fine; i++)
        r->unread[r->nunread++] = picks[i].want;
    pthread_mutex_unlock(&r->lock);
}

static bool work_on_block(struct worker *w)
{
    struct run *r = w->run;
    const struct pick *picks;
    struct bytes texts;
    size_t n = take_block(r, &picks);
    if (!n)
        return false;
    bool fine = text_cache_read(&r->cache, picks[0].place->block, w->blocks, &texts);
    for (size_t i = 0; i < n && fine; i++) {
        const struct text_place *p = picks[i].place;
        look(r->t, &r->t->wants[picks[i].want], bytes_from(texts.p + p->start, p->entry.length),
             p->entry.header);
    }
    block_is_done(r, picks, n, fine);
    return true;
}

/* ---- what is not ---- */

struct handful {
    struct imap_text_want *wants[HANDFUL];
    int fds[HANDFUL];
    struct stat stats[HANDFUL];
    size_t n;
};

static bool take_handful(struct run *r, struct handful *h)
{
    struct err ignored; /* it is gone */
    h->n = 0;
    pthread_mutex_lock(&r->lock);
    while (h->n < HANDFUL && r->next_unread < r->nunread && !r->stopped) {
        h->wants[h->n] = &r->t->wants[r->unread[r->next_unread++]];
        h->fds[h->n] = mailbox_message_open_stat(r->t->mb, h->wants[h->n]->uid, &h->stats[h->n], &ignored);
        h->n++;
    }
    r->done += h->n;
    pthread_mutex_unlock(&r->lock);
    return h->n > 0;
}

/* Write what has been collected. */
static void write_block(struct worker *w)
{
    struct run *r = w->run;
    struct bytes block;
    if (!text_builder_pack(&w->builder, r->cache.uidvalidity, w->blocks, &block))
        return;
    pthread_mutex_lock(&r->lock);
    text_cache_append(&r->cache, block);
    r->written = true;
    w->hopeless = r->cache.unwritable;
    pthread_mutex_unlock(&r->lock);
}

static void keep(struct worker *w, const struct stat *st)
{
    const struct text_entry entry = {.uid = w->want->uid,
                                     .header = (uint32_t)w->text.header,
                                     .size = (uint64_t)st->st_size,
                                     .mtime = st->st_mtim.tv_sec};
    struct bytes text = strbuf_bytes(&w->text.text);
    if (!text_builder_add(&w->builder, &entry, text)) {
        write_block(w);
        text_builder_add(&w->builder, &entry, text);
    }
    if (text_builder_full(&w->builder))
        write_block(w);
}

static void read_message(struct worker *w, int fd, const struct stat *st)
{
    bool whole = !message_text_read(&w->text, fd, (uint64_t)st->st_size) && !w->text.too_large;
    look(w->run->t, w->want, strbuf_bytes(&w->text.text), w->text.header);
    if (whole && !w->hopeless)
        keep(w, st);
}

static bool work_on_messages(struct worker *w)
{
    struct handful h;
    if (!take_handful(w->run, &h))
        return false;
    for (size_t i = 0; i < h.n; i++) {
        if (h.fds[i] < 0)
            continue;
        w->want = h.wants[i];
        read_message(w, h.fds[i], &h.stats[i]);
        close(h.fds[i]);
    }
    return true;
}

/* ---- threads ---- */

static void tell(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    size_t done = r->done;
    pthread_mutex_unlock(&r->lock);
    bool stop = r->t->progress && !r->t->progress(r->t->arg, done, r->t->n);
    pthread_mutex_lock(&r->lock);
    r->stopped |= stop;
    pthread_mutex_unlock(&r->lock);
}

static void work(struct run *r, bool is_main)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->run = r;
    w->blocks = text_worker_new();
    text_builder_init(&w->builder);
    message_text_init(&w->text);
    w->text.look = look_at_run;
    w->text.arg = w;
    w->text.keep = r->keep;
    while (work_on_block(w) || work_on_messages(w))
        if (is_main)
            tell(r);
    write_block(w);
    message_text_done(&w->text);
    text_builder_done(&w->builder);
    text_worker_free(w->blocks);
    free(w);
}

static void *help(void *run)
{
    work(run, false);
    return NULL;
}

/* Begin as many as there are further cores, no signals for them; those that cannot be had are done without. */
static size_t call_helpers(struct run *r, pthread_t *helpers)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = 0;
    sigset_t all, before;
    pthread_attr_t attributes;
    if (r->nunread + r->npicks / 16 < WORTH_HELPERS || pthread_attr_init(&attributes))
        return 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    while (n + 1 < THREADS_MAX && (long)n + 1 < cores && !pthread_create(&helpers[n], &attributes, help, r))
        n++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return n;
}

/* ---- the whole ---- */

static int by_place(const void *a, const void *b)
{
    const struct text_place *x = ((const struct pick *)a)->place, *y = ((const struct pick *)b)->place;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Which are in the cache? */
static void sort_out(struct run *r)
{
    struct imap_text *t = r->t;
    bool sorted = true;
    r->picks = xcalloc(t->n + 1, sizeof *r->picks);
    r->unread = xcalloc(t->n + 1, sizeof *r->unread);
    for (size_t i = 0; i < t->n; i++) {
        struct mail_info info;
        struct err ignored;
        const struct text_place *p = NULL;
        t->wants[i].found = 0;
        if (r->cache.nplaces && !mailbox_message_info(t->mb, t->wants[i].uid, &info, &ignored))
            p = text_cache_find(&r->cache, t->wants[i].uid, info.size, info.internal_date);
        if (!p)
            r->unread[r->nunread++] = i;
        else
            r->picks[r->npicks++] = (struct pick){p, i};
        sorted &= r->npicks < 2 || by_place(&r->picks[r->npicks - 2], &r->picks[r->npicks - 1]) < 0;
    }
    if (!sorted)
        qsort(r->picks, r->npicks, sizeof *r->picks, by_place);
}

static bool is_there(void *mb, uint32_t uid)
{
    return mailbox_find(mb, uid) != NULL;
}

void imap_text_find(struct imap_text *t)
{
    struct run r = {.t = t, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t helpers[THREADS_MAX];
    for (size_t i = 0; i < t->nneedles; i++)
        if (t->needles[i].text.n > r.keep + 1)
            r.keep = t->needles[i].text.n - 1;
    text_cache_load(&r.cache, mailbox_folder_fd(t->mb), mailbox_uidvalidity(t->mb));
    sort_out(&r);
    size_t n = call_helpers(&r, helpers);
    work(&r, true);
    while (n)
        pthread_join(helpers[--n], NULL);
    work(&r, true); /* of blocks that were damaged */
    t->read = r.nunread;
    if (r.written)
        text_cache_tidy(&r.cache, is_there, t->mb);
    text_cache_done(&r.cache);
    free(r.picks);
    free(r.unread);
}
