/*
 * message_charset.h - text in the charsets of mail to UTF-8, in pieces. Inside of maildir/message_*.c.
 */
#ifndef MAILDIR_MESSAGE_CHARSET_H
#define MAILDIR_MESSAGE_CHARSET_H

#include "base/strbuf.h"

#include <iconv.h>

struct charset {
    iconv_t cd;       /* (iconv_t)-1: the text is taken for UTF-8 */
    char pending[16]; /* beginning of a character that is not complete yet */
    size_t npending;
};

/* A descriptor from this charset to UTF-8; (iconv_t)-1 if it is not one that we let through: message_charset_names.c. */
iconv_t charset_iconv_open(const char *charset);
/* The names in the table, for tests; NULL behind the last. */
const char *charset_nth(size_t i);

/* charset == NULL or unknown: UTF-8, of which US-ASCII is a part. */
void charset_open(struct charset *c, const char *charset);
/* Append in as UTF-8; what is not valid becomes U+FFFD. The end of a character may come with the next piece.
 */
void charset_feed(struct charset *c, struct bytes in, struct strbuf *out);
/* The text has ended: what is pending will never be complete. */
void charset_close(struct charset *c, struct strbuf *out);

#endif
