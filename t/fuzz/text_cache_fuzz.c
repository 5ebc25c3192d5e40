#include "maildir/text_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static char path[] = "/tmp/text_cache_fuzz.XXXXXX";
static int dir = -1;

static void clean_up(void)
{
    unlinkat(dir, TEXT_CACHE_FILE, 0);
    rmdir(path);
}

static void write_file(const void *p, size_t n)
{
    if (dir < 0) {
        require(mkdtemp(path) && (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
        atexit(clean_up);
    }
    int fd = openat(dir, TEXT_CACHE_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
}

static void read_all(const struct text_cache *c, struct text_worker *w)
{
    struct bytes texts;
    for (size_t i = 0; i < c->nplaces; i++) {
        const struct text_place *p = &c->places[i];
        require(p->block < c->nblocks && p->entry.header <= p->entry.length);
        if (text_cache_read(c, p->block, w, &texts))
            require(p->start <= texts.n && p->entry.length <= texts.n - p->start);
    }
}

static void append(struct text_cache *c, struct text_worker *w)
{
    struct text_builder *b = xcalloc(1, sizeof *b);
    struct bytes block;
    text_builder_init(b);
    const struct text_entry entry = {.uid = 77, .header = 1, .size = 5, .mtime = 6};
    require(text_builder_add(b, &entry, BYTES("needle\xff")));
    require(text_builder_pack(b, c->uidvalidity, w, &block));
    text_cache_append(c, block);
    text_builder_done(b);
    free(b);
}

/* Whatever lies in the file: nothing outside of its blocks is believed, and what is added behind it is found again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct text_cache c;
    struct text_worker *w = text_worker_new();
    write_file(data, n);
    text_cache_load(&c, dir, 1);
    read_all(&c, w);
    append(&c, w);
    bool written = !c.unwritable;
    text_cache_done(&c);
    text_cache_load(&c, dir, 1);
    require(!written || text_cache_find(&c, 77, 5, 6));
    read_all(&c, w);
    text_cache_done(&c);
    text_worker_free(w);
    return 0;
}
