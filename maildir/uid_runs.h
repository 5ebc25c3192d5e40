/*
 * uid_runs.h - a set of UIDs in ascending order, as runs of successive ones, with their numbers (1, 2, 3 ...).
 *
 * A folder of 100,000 messages from which nothing was ever removed is one run. Everything is a binary search over the
 * runs or one walk over them; nothing walks over single UIDs but what changes. Pure.
 */
#ifndef MAILDIR_UID_RUNS_H
#define MAILDIR_UID_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uid_run {
    uint32_t uid, n, seq; /* UIDs uid to uid + n - 1 have the numbers seq to seq + n - 1 */
};

struct uid_runs {
    struct uid_run *runs;
    size_t n, size;
    uint32_t count; /* UIDs in all */
};

void uid_runs_done(struct uid_runs *r); /* empty again, may be used on */
/* Add one at the end: uid is greater than all before. */
void uid_runs_push(struct uid_runs *r, uint32_t uid);
void uid_runs_copy(struct uid_runs *to, const struct uid_runs *from);
/* UID with this number, 0 if there is none. */
uint32_t uid_runs_at(const struct uid_runs *r, uint32_t seq);
/* Number of a UID, 0 if it is not in the set. */
uint32_t uid_runs_seq(const struct uid_runs *r, uint32_t uid);
/* Number of the first UID that is at least uid; count + 1 if there is none. */
uint32_t uid_runs_from(const struct uid_runs *r, uint32_t uid);
/* The largest UID, 0 if empty. */
uint32_t uid_runs_last(const struct uid_runs *r);
/* Take out and put in (both ascending; what is not there, or is there already, is passed over). */
void uid_runs_edit(struct uid_runs *r, const uint32_t *out, size_t nout, const uint32_t *in, size_t nin);
/* Call gone(arg, uid) for each UID of a that is not in b, ascending. In proportion to runs and differences. */
void uid_runs_missing(const struct uid_runs *a, const struct uid_runs *b,
                      void (*gone)(void *arg, uint32_t uid), void *arg);

/* Call gap(arg, first, last) for each stretch of numbers from lo to hi that are not in the set, ascending. */
void uid_runs_gaps(const struct uid_runs *r, uint32_t lo, uint32_t hi,
                   void (*gap)(void *arg, uint32_t first, uint32_t last), void *arg);

/* Flat form for the index: pairs of uid and n. out has room for 2 * r->n values. */
void uid_runs_pack(const struct uid_runs *r, uint32_t *out);
/* False (and empty) if the pairs, which need not be aligned, are no ascending runs. */
bool uid_runs_unpack(struct uid_runs *r, const void *pairs, size_t npairs);

#endif
