/*
 * imap_sort.h - SORT's criteria (RFC 5256, RFC 5957): read, found out for each message, compared.
 */
#ifndef ACCESS_IMAP_SORT_H
#define ACCESS_IMAP_SORT_H

#include "access/imap_results.h"

#define IMAP_SORT_CRITERIA_MAX 16

struct imap_sort_row;

struct imap_sort {
    const struct imap_sort_row *rows[IMAP_SORT_CRITERIA_MAX];
    bool reverse[IMAP_SORT_CRITERIA_MAX];
    size_t n;
};

/* Read "(REVERSE DATE SUBJECT)". False: the answer is settled. */
bool imap_sort_parse(struct imap *s, struct imap_sort *sort);
/* Put what was found into this order. */
void imap_sort_run(struct imap *s, const struct imap_sort *sort, struct imap_results *r);

/* What THREAD wants to know of a message: append its base subject; *sent: in UTC seconds, from Date, else when it came. Returns whether it is a
 * reply or was forwarded. */
bool imap_sort_look(struct mailbox *mb, uint32_t uid, struct strbuf *base_subject, int64_t *sent);

#endif
