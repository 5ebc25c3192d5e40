/*
 * mutf7.h - modified UTF-7 (RFC 3501 5.1.3), the form of mailbox names on IMAP's wire and on disk. Pure.
 */
#ifndef MAILDIR_MUTF7_H
#define MAILDIR_MUTF7_H

#include "base/strbuf.h"

/* Append the UTF-8 form. false if in is not valid modified UTF-7 (8-bit, bad base64, unpaired surrogate,
 * printable ASCII encoded, superfluous shift). */
bool mutf7_decode(struct strbuf *out, struct bytes in);
/* Append the modified UTF-7 form. false if in is not valid UTF-8. */
bool mutf7_encode(struct strbuf *out, struct bytes in);
/* Append the UTF-8 form of a folder's name as it stands on disk, in modified UTF-7 or UTF-8: it is modified UTF-7 if it is valid as
 * that, which 8-bit never is. false if it is neither, or holds control characters. */
bool folder_name_decode(struct strbuf *out, struct bytes disk);

#endif
