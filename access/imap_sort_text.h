/*
 * imap_sort_text.h - the texts of a message that SORT and THREAD compare (RFC 5256), from its header, in the form of i;unicode-casemap. Pure.
 */
#ifndef ACCESS_IMAP_SORT_TEXT_H
#define ACCESS_IMAP_SORT_TEXT_H

#include "base/strbuf.h"

/* Append the base subject. Returns whether it is a reply or was forwarded. */
bool imap_sort_header_subject(struct bytes header, struct strbuf *out);
/* Append the local part of the first address of From. */
void imap_sort_header_from(struct bytes header, struct strbuf *out);
/* Append the local part of the first address of a field's value, or its display name, and in its absence the address (RFC 5957). */
void imap_sort_address(struct bytes value, struct strbuf *out);
void imap_sort_display(struct bytes value, struct strbuf *out);

#endif
