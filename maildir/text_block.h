/*
 * text_block.h - one block of the cache of texts; inside of text_*.c.
 */
#ifndef MAILDIR_TEXT_BLOCK_H
#define MAILDIR_TEXT_BLOCK_H

#include "maildir/text_cache.h"

/* Can these be the first octets of a block? */
bool text_head_valid(const struct text_head *head);
/* Octets of the whole block. */
uint64_t text_head_size(const struct text_head *head);
/* Read its entries or texts; they are the worker's until its next call. False: it is damaged, or another one stands there now. */
bool text_block_entries(int fd, const struct text_block *b, struct text_worker *w,
                        const struct text_entry **entries);
bool text_block_texts(int fd, const struct text_block *b, struct text_worker *w, struct bytes *texts);

#endif
