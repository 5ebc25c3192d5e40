/*
 * imap_results.h - what SEARCH and SORT found, and the forms in which it is told: SEARCH, SORT and ESEARCH.
 *
 * RETURN options: RFC 4731 (MIN MAX ALL COUNT), RFC 5182 (SAVE, and "$"), RFC 5267 (the same on SORT), RFC 9394 (PARTIAL); MODSEQ as RFC 7162 has
 * it.
 */
#ifndef ACCESS_IMAP_RESULTS_H
#define ACCESS_IMAP_RESULTS_H

#include "access/imap_search.h"
#include "access/imap_session.h"

enum imap_return {
    IMAP_RETURN_MIN = 1,
    IMAP_RETURN_MAX = 2,
    IMAP_RETURN_ALL = 4,
    IMAP_RETURN_COUNT = 8,
    IMAP_RETURN_SAVE = 16,
    IMAP_RETURN_PARTIAL = 32,
};

struct imap_return_options {
    bool esearch;  /* the answer is ESEARCH */
    unsigned what; /* enum imap_return */
    uint32_t from, to;
    bool from_end; /* PARTIAL -1:-100 */
};

/* One message that was found. */
struct imap_hit {
    uint32_t uid, seq;
    uint64_t modseq;
};

struct imap_results {
    struct imap_hit *hits; /* in the order of the answer */
    size_t n;
};
void imap_results_done(struct imap_results *r);
#define AUTO_RESULTS __attribute__((cleanup(imap_results_done)))

/* Read "RETURN (...)" if it stands there. False: the answer is settled. */
bool imap_return_parse(struct imap *s, struct imap_return_options *options);
/* Read "1:100" or "-1:-100". */
bool imap_partial_parse(struct bytes text, struct imap_return_options *options);
/* The part of n that PARTIAL names: [*first, *first + *count). */
void imap_partial_apply(const struct imap_return_options *options, size_t n, size_t *first, size_t *count);
/* Look for all messages that match, in the order of their numbers; long work is told of (RFC 9585). */
void imap_results_search(struct imap *s, const struct imap_search_node *root, struct imap_results *r);
/* Tell: `command` ("SEARCH", "SORT") for the old form. modseq: the highest one goes along. SAVE is done here. */
void imap_results_tell(struct imap *s, const struct imap_return_options *options, const char *command,
                       const struct imap_results *r, bool modseq);

/* "$" (RFC 5182): what SAVE kept. As UIDs or as numbers, for commands that take sets. */
void imap_saved_set(const struct imap *s, bool by_uid, struct imap_seqset *set);
/* A SEARCH with SAVE has failed, or a mailbox is opened: it is empty. */
void imap_saved_clear(struct imap *s);

#endif
