/*
 * imap_metadata.h - METADATA answers, for GETMETADATA and for LIST's RETURN (METADATA (...)).
 */
#ifndef ACCESS_IMAP_METADATA_H
#define ACCESS_IMAP_METADATA_H

#include "access/imap_session.h"

#define IMAP_METADATA_NAMES_MAX 100 /* entries that one command names */

struct imap_metadata_query {
    char *names[IMAP_METADATA_NAMES_MAX];
    size_t n;
    uint64_t max_size; /* longer values are left out */
    unsigned depth;    /* levels below the named entries: 0, 1, or UINT_MAX */
    uint64_t left_out; /* out: octets of the longest value that was */
};

void imap_metadata_query_done(struct imap_metadata_query *q);
#define AUTO_METADATA_QUERY __attribute__((cleanup(imap_metadata_query_done)))
/* Read an entry's name into *name (malloc'ed, lower case). False: the answer is settled. */
bool imap_metadata_name(struct imap *s, struct imap_args *a, char **name);
/* Read one name or a list of them. False: the answer is settled. */
bool imap_metadata_names(struct imap *s, struct imap_args *a, struct imap_metadata_query *q);
/* Write "* METADATA shown_name (...)" of this mailbox (NULL: of the server). -1 with e. */
int imap_metadata_answer(struct imap *s, const char *name, const char *shown_name,
                         struct imap_metadata_query *q, struct err *e);

#endif
