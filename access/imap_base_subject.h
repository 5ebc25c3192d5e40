/*
 * imap_base_subject.h - a subject without "Re:", "[list]", "(fwd)" and the like (RFC 5256 section 2.1). Pure.
 */
#ifndef ACCESS_IMAP_BASE_SUBJECT_H
#define ACCESS_IMAP_BASE_SUBJECT_H

#include "base/strbuf.h"

/* Append the base of a subject, whose encoded words have been decoded. Returns whether it was a reply or was forwarded. */
bool imap_base_subject(struct bytes subject, struct strbuf *out);

#endif
