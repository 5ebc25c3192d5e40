/*
 * text_cache.c - see text_cache.h: the file, and what lies where in it. Blocks: text_block.c.
 */
#include "maildir/text_cache.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "maildir/text_block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS     1000
#define LOCK_STEP_MS     2
#define SMALL_BLOCKS_MAX 64        /* blocks that are not even half full, before they are put together */
#define DEAD_MAX         (1 << 20) /* octets of texts that nobody needs */

/* ---- reading ---- */

static int by_uid(const void *a, const void *b)
{
    const struct text_place *x = a, *y = b;
    if (x->entry.uid != y->entry.uid)
        return x->entry.uid < y->entry.uid ? -1 : 1;
    return x->block < y->block ? -1 : x->block > y->block;
}

static void take_entries(struct text_cache *c, const struct text_block *b, const struct text_entry *entries)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < b->head.count; i++) {
        if (entries[i].length > b->head.text - start || entries[i].header > entries[i].length)
            return;
        c->places = xgrow(c->places, c->nplaces, sizeof *c->places);
        c->places[c->nplaces++] = (struct text_place){entries[i], (uint32_t)(c->nblocks - 1), start};
        start += entries[i].length;
    }
}

/* Of texts that are there twice the later one counts. */
static void sort_places(struct text_cache *c)
{
    size_t n = 0;
    bool sorted = true;
    for (size_t i = 1; i < c->nplaces && sorted; i++)
        sorted = c->places[i - 1].entry.uid < c->places[i].entry.uid;
    if (sorted)
        return;
    qsort(c->places, c->nplaces, sizeof *c->places, by_uid);
    for (size_t i = 0; i < c->nplaces; i++) {
        if (n && c->places[n - 1].entry.uid == c->places[i].entry.uid)
            c->dead += c->places[--n].entry.length;
        c->places[n++] = c->places[i];
    }
    c->nplaces = n;
}

/* The next block of the chain; false at its end. */
static bool next_head(const struct text_cache *c, uint64_t size, struct text_head *head)
{
    return c->end + sizeof *head <= size &&
           fs_pread_all(c->fd, head, sizeof *head, (off_t)c->end) == (ssize_t)sizeof *head &&
           text_head_valid(head) && head->uidvalidity == c->uidvalidity &&
           text_head_size(head) <= size - c->end;
}

static void read_blocks(struct text_cache *c, uint64_t size)
{
    struct text_worker *w = text_worker_new();
    struct text_head head;
    const struct text_entry *entries;
    while (c->nblocks < UINT32_MAX && next_head(c, size, &head)) {
        c->blocks = xgrow(c->blocks, c->nblocks, sizeof *c->blocks);
        c->blocks[c->nblocks++] = (struct text_block){c->end, head};
        if (text_block_entries(c->fd, &c->blocks[c->nblocks - 1], w, &entries))
            take_entries(c, &c->blocks[c->nblocks - 1], entries);
        else
            c->dead += head.text;
        c->end += text_head_size(&head);
    }
    text_worker_free(w);
    sort_places(c);
}

void text_cache_load(struct text_cache *c, int dir_fd, uint32_t uidvalidity)
{
    struct stat st;
    *c = (struct text_cache){.dir_fd = dir_fd, .uidvalidity = uidvalidity};
    c->fd = openat(dir_fd, TEXT_CACHE_FILE, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (c->fd >= 0 && !fstat(c->fd, &st) && S_ISREG(st.st_mode))
        read_blocks(c, (uint64_t)st.st_size);
}

void text_cache_done(struct text_cache *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->blocks);
    free(c->places);
    *c = (struct text_cache){.fd = -1};
}

const struct text_place *text_cache_find(const struct text_cache *c, uint32_t uid, uint64_t size,
                                         int64_t mtime)
{
    size_t low = 0, high = c->nplaces;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->places[middle].entry.uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    const struct text_place *p = low < c->nplaces ? &c->places[low] : NULL;
    return p && p->entry.uid == uid && p->entry.size == size && p->entry.mtime == mtime ? p : NULL;
}

bool text_cache_read(const struct text_cache *c, uint32_t block, struct text_worker *w, struct bytes *texts)
{
    return text_block_texts(c->fd, &c->blocks[block], w, texts);
}

/* ---- writing ---- */

/* Is the file that we have open the one that has the name? */
static bool is_current(const struct text_cache *c)
{
    struct stat ours, named;
    return !fstat(c->fd, &ours) && !fstatat(c->dir_fd, TEXT_CACHE_FILE, &named, AT_SYMLINK_NOFOLLOW) &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Who holds it works on a block, or stands still. */
static bool lock_in_time(const struct text_cache *c)
{
    const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
    for (int waited = 0; flock(c->fd, LOCK_EX | LOCK_NB); waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK || waited > LOCK_WAIT_MS)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

/* Under its lock, standing behind what others have added; what is no chain of blocks is cut off. */
static bool lock_end(struct text_cache *c)
{
    struct stat st;
    struct text_head head;
    if (!lock_in_time(c) || (!c->detached && !is_current(c)) || fstat(c->fd, &st))
        return false;
    if (c->end > (uint64_t)st.st_size)
        return false; /* somebody cut it where we read: not ours to repair */
    while (next_head(c, (uint64_t)st.st_size, &head))
        c->end += text_head_size(&head);
    return c->end == (uint64_t)st.st_size || !ftruncate(c->fd, (off_t)c->end);
}

static bool make_file(struct text_cache *c)
{
    if (c->fd < 0)
        c->fd =
            openat(c->dir_fd, TEXT_CACHE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    return c->fd >= 0;
}

static bool has_room(const struct text_cache *c, size_t n)
{
    struct statvfs fs;
    return n <= TEXT_CACHE_MAX - c->end &&
           (fstatvfs(c->fd, &fs) || (uint64_t)fs.f_bavail * fs.f_frsize >= TEXT_CACHE_SPARE + n);
}

void text_cache_append(struct text_cache *c, struct bytes block)
{
    if (c->unwritable || !make_file(c))
        return;
    bool fine = lock_end(c) && has_room(c, block.n);
    if (fine && pwrite(c->fd, block.p, block.n, (off_t)c->end) != (ssize_t)block.n) {
        (void)!ftruncate(c->fd, (off_t)c->end);
        fine = false;
    }
    if (fine)
        c->end += block.n;
    flock(c->fd, LOCK_UN);
    c->unwritable = !fine;
}

/* ---- tidying ---- */

struct tidy {
    struct text_cache *from;
    struct text_cache to;
    struct text_builder *builder;
    struct text_worker *reader, *writer;
};

static bool is_small(const struct text_block *b)
{
    return b->head.text < TEXT_BLOCK / 2;
}

/* Places whose messages are gone lose their UIDs. Is it worth the while? */
static bool wants_tidying(struct text_cache *c, bool (*is_there)(void *arg, uint32_t uid), void *arg)
{
    uint64_t live = 0, dead = c->dead;
    size_t small = 0;
    for (size_t i = 0; i < c->nplaces; i++) {
        struct text_entry *e = &c->places[i].entry;
        bool there = is_there(arg, e->uid);
        *(there ? &live : &dead) += e->length;
        if (!there)
            e->uid = 0;
    }
    for (size_t i = 0; i < c->nblocks; i++)
        small += is_small(&c->blocks[i]);
    return dead > live / 2 + DEAD_MAX || small > SMALL_BLOCKS_MAX + (c->nblocks - small) / 4;
}

static void write_block(struct tidy *t)
{
    struct bytes block;
    if (text_builder_pack(t->builder, t->to.uidvalidity, t->writer, &block))
        text_cache_append(&t->to, block);
}

static int by_place(const void *a, const void *b)
{
    const struct text_place *x = a, *y = b;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void copy_texts(struct tidy *t)
{
    struct text_cache *c = t->from;
    struct bytes texts = {NULL, 0};
    qsort(c->places, c->nplaces, sizeof *c->places, by_place);
    for (size_t i = 0; i < c->nplaces && !t->to.unwritable; i++) {
        const struct text_place *p = &c->places[i];
        bool first = i == 0 || p->block != c->places[i - 1].block;
        if (first && !text_cache_read(c, p->block, t->reader, &texts))
            texts.p = NULL;
        if (!texts.p || !p->entry.uid)
            continue;
        struct bytes text = bytes_from(texts.p + p->start, p->entry.length);
        if (!text_builder_add(t->builder, &p->entry, text)) {
            write_block(t);
            text_builder_add(t->builder, &p->entry, text);
        }
        if (text_builder_full(t->builder))
            write_block(t);
    }
    write_block(t);
}

/* Into a new file, which takes the name while the lock of the old one is held. */
static bool rewrite(struct text_cache *c)
{
    struct tidy t = {.from = c, .to = {.dir_fd = c->dir_fd, .uidvalidity = c->uidvalidity}};
    t.to.fd = openat(c->dir_fd, TEXT_CACHE_NEW,
                     O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (t.to.fd < 0)
        return false;
    t.to.detached = true;
    t.builder = xcalloc(1, sizeof *t.builder);
    text_builder_init(t.builder);
    t.reader = text_worker_new();
    t.writer = text_worker_new();
    copy_texts(&t);
    bool fine = !t.to.unwritable && !renameat(c->dir_fd, TEXT_CACHE_NEW, c->dir_fd, TEXT_CACHE_FILE);
    if (!fine)
        unlinkat(c->dir_fd, TEXT_CACHE_NEW, 0);
    text_worker_free(t.reader);
    text_worker_free(t.writer);
    text_builder_done(t.builder);
    free(t.builder);
    text_cache_done(&t.to);
    return fine;
}

void text_cache_tidy(struct text_cache *c, bool (*is_there)(void *arg, uint32_t uid), void *arg)
{
    struct text_cache now;
    if (c->fd < 0 || c->unwritable)
        return;
    text_cache_load(&now, c->dir_fd, c->uidvalidity);
    if (now.fd >= 0 && wants_tidying(&now, is_there, arg) && lock_end(&now))
        rewrite(&now);
    text_cache_done(&now);
}
