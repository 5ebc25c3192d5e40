/*
 * text_block.c - blocks of the cache of texts (text_cache.h): packed and unpacked by zstd, whose checksums tell what is damaged.
 */
#include "maildir/text_block.h"

#include "base/fs.h"

#include <stddef.h>
#include <stdlib.h>
#include <zstd.h>

#define MAGIC "PHtext1\n"
#define LEVEL 1

struct text_worker {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    struct strbuf packed, plain;
};

struct text_worker *text_worker_new(void)
{
    struct text_worker *w = xcalloc(1, sizeof *w);
    strbuf_init(&w->packed, 2 * TEXT_BLOCK_MAX);
    strbuf_init(&w->plain, TEXT_BLOCK_MAX);
    return w;
}

void text_worker_free(struct text_worker *w)
{
    if (!w)
        return;
    ZSTD_freeCCtx(w->pack);
    ZSTD_freeDCtx(w->unpack);
    strbuf_done(&w->packed);
    strbuf_done(&w->plain);
    free(w);
}

/* ---- the head ---- */

/* FNV-1a. */
static uint32_t check_of(const struct text_head *head)
{
    const unsigned char *p = (const unsigned char *)head;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < offsetof(struct text_head, check); i++)
        hash = (hash ^ p[i]) * 16777619u;
    return hash;
}

bool text_head_valid(const struct text_head *head)
{
    return !memcmp(head->magic, MAGIC, sizeof head->magic) && head->check == check_of(head) && head->count &&
           head->count <= TEXT_ENTRIES && head->text <= TEXT_BLOCK_MAX &&
           head->packed_text <= TEXT_BLOCK_MAX && head->packed_entries <= TEXT_BLOCK_MAX;
}

uint64_t text_head_size(const struct text_head *head)
{
    return sizeof *head + (uint64_t)head->packed_entries + head->packed_text;
}

/* ---- reading ---- */

/* Unpack a frame that has to have n octets. */
static bool unpack(struct text_worker *w, struct bytes frame, size_t n)
{
    strbuf_clear(&w->plain);
    char *room = strbuf_room(&w->plain, n);
    if (!w->unpack)
        w->unpack = ZSTD_createDCtx();
    if (!room || !w->unpack || ZSTD_decompressDCtx(w->unpack, room, n, frame.p, frame.n) != n)
        return false;
    strbuf_extend(&w->plain, n);
    return true;
}

/* Read so many octets of the block, which has to begin as it did. */
static bool fetch(int fd, const struct text_block *b, struct text_worker *w, size_t n, struct bytes *behind)
{
    strbuf_clear(&w->packed);
    char *room = strbuf_room(&w->packed, n);
    if (!room || fs_pread_all(fd, room, n, (off_t)b->at) != (ssize_t)n ||
        memcmp(room, &b->head, sizeof b->head))
        return false;
    *behind = bytes_from(room + sizeof b->head, n - sizeof b->head);
    return true;
}

bool text_block_entries(int fd, const struct text_block *b, struct text_worker *w,
                        const struct text_entry **entries)
{
    struct bytes frame;
    if (!fetch(fd, b, w, sizeof b->head + b->head.packed_entries, &frame) ||
        !unpack(w, frame, b->head.count * sizeof **entries))
        return false;
    *entries = (const void *)w->plain.data;
    return true;
}

bool text_block_texts(int fd, const struct text_block *b, struct text_worker *w, struct bytes *texts)
{
    struct bytes frames;
    if (!fetch(fd, b, w, (size_t)text_head_size(&b->head), &frames) ||
        !unpack(w, bytes_skip(frames, b->head.packed_entries), b->head.text))
        return false;
    *texts = strbuf_bytes(&w->plain);
    return true;
}

/* ---- making ---- */

void text_builder_init(struct text_builder *b)
{
    b->n = 0;
    strbuf_init(&b->text, TEXT_BLOCK_MAX);
}

void text_builder_done(struct text_builder *b)
{
    strbuf_done(&b->text);
}

bool text_builder_add(struct text_builder *b, const struct text_entry *entry, struct bytes text)
{
    if (b->n == TEXT_ENTRIES || text.n > TEXT_BLOCK_MAX - b->text.len)
        return false;
    b->entries[b->n] = *entry;
    b->entries[b->n++].length = (uint32_t)text.n;
    return strbuf_addb(&b->text, text);
}

bool text_builder_full(const struct text_builder *b)
{
    return b->n == TEXT_ENTRIES || b->text.len >= TEXT_BLOCK;
}

static bool pack(struct text_worker *w, const void *p, size_t n, uint32_t *packed)
{
    size_t bound = ZSTD_compressBound(n);
    char *room = strbuf_room(&w->packed, bound);
    if (!room)
        return false;
    size_t r = ZSTD_compress2(w->pack, room, bound, p, n);
    if (ZSTD_isError(r))
        return false;
    strbuf_extend(&w->packed, r);
    *packed = (uint32_t)r;
    return true;
}

static bool prepare(struct text_worker *w)
{
    if (!w->pack)
        w->pack = ZSTD_createCCtx();
    return w->pack && !ZSTD_isError(ZSTD_CCtx_setParameter(w->pack, ZSTD_c_compressionLevel, LEVEL)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(w->pack, ZSTD_c_checksumFlag, 1));
}

bool text_builder_pack(struct text_builder *b, uint32_t uidvalidity, struct text_worker *w,
                       struct bytes *block)
{
    struct text_head head = {.magic = MAGIC, .uidvalidity = uidvalidity, .count = b->n};
    head.text = (uint32_t)b->text.len;
    strbuf_clear(&w->packed);
    bool fine = b->n && prepare(w) && strbuf_add(&w->packed, &head, sizeof head) &&
                pack(w, b->entries, b->n * sizeof *b->entries, &head.packed_entries) &&
                pack(w, b->text.data, b->text.len, &head.packed_text);
    b->n = 0;
    strbuf_clear(&b->text);
    if (!fine)
        return false;
    head.check = check_of(&head);
    memcpy(w->packed.data, &head, sizeof head);
    *block = strbuf_bytes(&w->packed);
    return true;
}
