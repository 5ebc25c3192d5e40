/*
 * text_cache.h - the texts of a folder's messages (message_text.h) in one file beside them: TEXT_CACHE_FILE, described in posthouse-maildir(5).
 *
 * A cache: what is missing, damaged or of another UIDVALIDITY is not there, nothing here fails for good, and the file may be removed at any
 * time. It is a row of blocks, each on its own:
 *
 *   struct text_head, entries (a zstd frame), texts (a zstd frame); both frames carry checksums.
 *
 * Blocks are written whole at the end, under flock; readers take no lock.
 *
 *   state                                     who meets it                  what follows
 *   S1  a block is torn, or empty after a     a reader                      the chain of blocks ends there, or the block's
 *       power cut                                                           frames are refused: its messages are read again
 *                                             a writer                      cuts the file where the chain ends
 *   S2  a text is there twice                 anybody                       the later one counts
 *   S3  the file was replaced by a smaller    who has the old one open      reads on in it; writes nothing
 *       one
 *   S4  TEXT_CACHE_NEW lies about             who makes a smaller one       overwrites it, under the lock of the old file
 *   S5  the disk is full, or nearly           a writer                      cuts off what it wrote of the block
 *   S6  the UIDVALIDITY is another one        a reader                      nothing is there
 *                                             a writer                      empties the file (as S1)
 */
#ifndef MAILDIR_TEXT_CACHE_H
#define MAILDIR_TEXT_CACHE_H

#include "base/strbuf.h"

#include <stdint.h>

#define TEXT_CACHE_FILE  "posthouse-text"
#define TEXT_CACHE_NEW   "posthouse-text.new"
#define TEXT_CACHE_MAX   ((uint64_t)4 << 30)  /* octets of the file; then nothing is added */
#define TEXT_CACHE_SPARE ((uint64_t)32 << 20) /* octets of the disk that are left to mail */
#define TEXT_BLOCK       (256 << 10)          /* octets of text after which a block is full */
#define TEXT_BLOCK_MAX   (TEXT_BLOCK + (8 << 20))
#define TEXT_ENTRIES     1024 /* messages of a block */

/* All numbers in host order. */
struct text_head {
    char magic[8]; /* text_block.c */
    uint32_t uidvalidity;
    uint32_t count;                       /* entries */
    uint32_t packed_entries, packed_text; /* octets of the frames */
    uint32_t text;                        /* octets of the texts */
    uint32_t check;                       /* of the fields before */
};

struct text_entry {
    uint32_t uid;
    uint32_t header, length; /* octets of the text, the first of them the header's */
    uint32_t reserved;
    uint64_t size; /* of the message's file */
    int64_t mtime; /* seconds */
};

struct text_block {
    uint64_t at;
    struct text_head head;
};

/* Where the text of a message lies. */
struct text_place {
    struct text_entry entry;
    uint32_t block, start; /* octets of text before it in the block */
};

struct text_cache {
    int dir_fd, fd; /* the directory is borrowed; fd -1: there is none */
    uint32_t uidvalidity;
    struct text_block *blocks;
    size_t nblocks;
    struct text_place *places; /* ascending by UID */
    size_t nplaces;
    uint64_t end;    /* of the last block */
    uint64_t dead;   /* octets of texts that are there twice */
    bool detached;   /* the file has not got its name yet */
    bool unwritable; /* a write has failed: no more of them */
};

/* What a thread needs to read and write blocks. */
struct text_worker;
struct text_worker *text_worker_new(void);
void text_worker_free(struct text_worker *w); /* NULL is fine */

/* Read what the folder's file holds. Blocks and places stay as they are then. */
void text_cache_load(struct text_cache *c, int dir_fd, uint32_t uidvalidity);
void text_cache_done(struct text_cache *c);
/* NULL: it is not there, or not of a file of this size and time. */
const struct text_place *text_cache_find(const struct text_cache *c, uint32_t uid, uint64_t size,
                                         int64_t mtime);
/* The texts of a block; valid until the worker's next call. False: they are damaged. In any thread. */
bool text_cache_read(const struct text_cache *c, uint32_t block, struct text_worker *w, struct bytes *texts);

/* A block that is being made. */
struct text_builder {
    struct text_entry entries[TEXT_ENTRIES];
    uint32_t n;
    struct strbuf text;
};
void text_builder_init(struct text_builder *b);
void text_builder_done(struct text_builder *b);
/* False: there is no room for it in this block (in an empty one: in none). */
bool text_builder_add(struct text_builder *b, const struct text_entry *entry, struct bytes text);
bool text_builder_full(const struct text_builder *b);
/* Make the block's octets; the builder is empty then. In any thread. False: it had nothing in it. */
bool text_builder_pack(struct text_builder *b, uint32_t uidvalidity, struct text_worker *w,
                       struct bytes *block);
/* Write it at the end of the file, which is made if there is none. Other threads may read blocks meanwhile; what is added is found by who
 * loads the file again. */
void text_cache_append(struct text_cache *c, struct bytes block);
/* Write the file anew, if that makes it much smaller or spares many small blocks: without texts for which is_there says no. */
void text_cache_tidy(struct text_cache *c, bool (*is_there)(void *arg, uint32_t uid), void *arg);

#endif
