/*
 * imap_envelope.h - a header block as ENVELOPE (RFC 3501 7.4.2). Pure.
 */
#ifndef ACCESS_IMAP_ENVELOPE_H
#define ACCESS_IMAP_ENVELOPE_H

#include "base/strbuf.h"

/* Append the envelope with its parentheses. An empty block gives one of NILs. */
void imap_envelope(struct strbuf *out, struct bytes header_block);

/* The same of the raw values of Date, Subject, From, Sender, Reply-To, To, Cc, Bcc, In-Reply-To, Message-ID; .p NULL: there is no
 * such field. */
#define IMAP_ENVELOPE_FIELDS 10
#define IMAP_ENVELOPE_MAX    (8 << 20) /* octets that hold the envelope of any header of MESSAGE_HEADER_MAX */
void imap_envelope_of(struct strbuf *out, const struct bytes values[IMAP_ENVELOPE_FIELDS]);

#endif
