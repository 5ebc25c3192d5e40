/*
 * imap_quote.h - strings of IMAP's answers (RFC 3501 4.3): quoted where that is possible, literals otherwise,
 * never atoms. Pure.
 */
#ifndef ACCESS_IMAP_QUOTE_H
#define ACCESS_IMAP_QUOTE_H

#include "base/strbuf.h"

/* Append s as a string. A NUL, which IMAP has no form for, becomes a space. */
void imap_string(struct strbuf *out, struct bytes s);
/* The same, or NIL for .p NULL. */
void imap_nstring(struct strbuf *out, struct bytes s);
void imap_nil(struct strbuf *out);

#endif
