/*
 * imap_text.h - finding strings in the texts of many messages: in the folder's cache of texts (maildir/text_cache.h), in the messages where it has
 * none of them, which then go into it. Block by block and message by message on all cores.
 */
#ifndef ACCESS_IMAP_TEXT_H
#define ACCESS_IMAP_TEXT_H

#include "maildir/maildir.h"

#define IMAP_TEXT_NEEDLES_MAX 50 /* strings that are looked for at once; at most 64 */

struct imap_text_needle {
    struct bytes text; /* case-folded UTF-8 */
    bool body;         /* not in the message's header */
};

struct imap_text_want {
    uint32_t uid;
    uint64_t found; /* out: bit n: needle n is there */
};

struct imap_text {
    struct mailbox *mb;
    const struct imap_text_needle *needles; /* none: the cache is filled, and that is all */
    size_t nneedles;
    struct imap_text_want *wants; /* ascending by UID */
    size_t n;
    bool (*progress)(void *arg, size_t done, size_t total); /* now and then; false: stop */
    void *arg;
    size_t read; /* out: messages that were not in the cache */
};

/* What cannot be read has nothing in it. */
void imap_text_find(struct imap_text *t);

#endif
