/*
 * imap_date.h - IMAP's two forms of a date: date-time (INTERNALDATE, APPEND) and date (SEARCH). Pure but for
 * the local zone.
 */
#ifndef ACCESS_IMAP_DATE_H
#define ACCESS_IMAP_DATE_H

#include "base/strbuf.h"

#include <time.h>

/* "17-Jul-1996 02:44:25 -0700", without the quotes, in the local zone. */
void imap_date_write(struct strbuf *out, time_t when);
/* The same in any zone; a one-digit day with or without a blank before it. */
bool imap_date_parse(struct bytes text, time_t *when);
/* "1-Feb-1994" as days since 1970-01-01. */
bool imap_day_parse(struct bytes text, int64_t *day);
/* The day on which `when` falls at a place `zone` minutes east. */
int64_t imap_day_of(time_t when, int zone);
/* The same by the local clock. */
int64_t imap_day_local(time_t when);

#endif
