/*
 * imap_fetch_items.h - the table of FETCH items: how each is read from the command and written to the answer.
 */
#ifndef ACCESS_IMAP_FETCH_ITEMS_H
#define ACCESS_IMAP_FETCH_ITEMS_H

#include "access/imap_section.h"

#define IMAP_FETCH_ITEMS_MAX 100

struct imap_fetch_item {
    const struct imap_fetch_row *row;
    struct imap_section section; /* of BODY[...] and what stands for one */
    uint64_t fields;             /* HEADER.FIELDS that the cache has: which (imap_cache_mask) */
    bool lazy;                   /* PREVIEW (LAZY) */
    bool whole;                  /* another item of the same FETCH reads the whole message anyway */
};

enum {
    IMAP_FETCH_NEEDS_FILE = 1,
    IMAP_FETCH_NEEDS_INFO = 2,
    IMAP_FETCH_NEEDS_HEADER = 4, /* or what the cache has of it */
    IMAP_FETCH_NEEDS_ALL = 8,    /* the structure, or what the cache has of it */
};

struct imap_fetch_row {
    const char *name;
    bool sees;                   /* sets \Seen */
    unsigned needs;              /* IMAP_FETCH_NEEDS_* */
    enum imap_section_text text; /* for those that stand for a section */
    /* Write name and value. -1: the message could not be read (m->err), and nothing was written. */
    int (*put)(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item);
};

/* By name, BODY[...] excepted; NULL if there is none. */
const struct imap_fetch_row *imap_fetch_row(struct bytes name);
extern const struct imap_fetch_row imap_fetch_body, imap_fetch_peek; /* BODY[...] and BODY.PEEK[...] */
extern const struct imap_fetch_row imap_fetch_binary, imap_fetch_binary_peek, imap_fetch_binary_size;

struct imap_fetch {
    struct imap_fetch_item *items;
    size_t n;
    bool sees;                /* sets \Seen */
    bool has_since, vanished; /* CHANGEDSINCE, VANISHED (RFC 7162) */
    uint64_t since;
    uint32_t partial_from, partial_to; /* PARTIAL (RFC 9394), 0: all */
    bool partial_from_end;
};

/* Read the items and what stands behind them. False: the answer is settled. Free with imap_fetch_done. */
bool imap_fetch_parse(struct imap *s, struct imap_fetch *fetch);
void imap_fetch_done(struct imap_fetch *fetch);
#define AUTO_IMAP_FETCH __attribute__((cleanup(imap_fetch_done)))

/* Read the list of modifiers behind the items, if there is one (imap_fetch_modifiers.c). False: the answer is settled. */
bool imap_fetch_modifiers(struct imap *s, struct imap_fetch *fetch);
/* Add an item unless it is there. */
void imap_fetch_add(struct imap_fetch *fetch, const char *name);

/* Write "* seq FETCH (...)". force_flags: FLAGS go along though nobody asked. -1: the message could not be
 * read (m->err); what was written is whole in any case. */
int imap_fetch_send(struct imap *s, const struct imap_fetch *fetch, struct imap_message *m, bool force_flags);

#endif
