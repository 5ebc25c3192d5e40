/*
 * imap_seqset.h - sets of message numbers or UIDs: "1:5,8,20:*". Pure.
 */
#ifndef ACCESS_IMAP_SEQSET_H
#define ACCESS_IMAP_SEQSET_H

#include "base/strbuf.h"

struct imap_seqrange {
    uint32_t lo, hi;
};

/* Sorted, without overlaps. */
struct imap_seqset {
    struct imap_seqrange *ranges;
    size_t n;
};

/* `star` is the largest number in use, which "*" stands for; 0 (nothing there) makes ranges with "*" empty.
 * False if the text is no set: then nothing is allocated. Bounded by the length of the text. */
bool imap_seqset_parse(struct imap_seqset *set, struct bytes text, uint32_t star);
/* The text looks like a set (begins with a digit or "*"): how SEARCH tells one from its keys. */
bool imap_seqset_looks_like(struct bytes text);
bool imap_seqset_has(const struct imap_seqset *set, uint32_t number);
/* The largest number named without the help of "*"; 0 if the set is empty. */
uint32_t imap_seqset_max(const struct imap_seqset *set);
void imap_seqset_done(struct imap_seqset *set);
#define AUTO_SEQSET __attribute__((cleanup(imap_seqset_done)))

/* Write numbers (in the order given, runs of successors as ranges): 1:3,7 */
void imap_seqset_write(struct strbuf *out, const uint32_t *numbers, size_t n);

#endif
