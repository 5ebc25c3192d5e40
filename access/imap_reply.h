/*
 * imap_reply.h - answers: untagged lines, the tagged one, and the one place where an error becomes a response
 * code.
 */
#ifndef ACCESS_IMAP_REPLY_H
#define ACCESS_IMAP_REPLY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/strbuf.h"

struct imap;

#define IMAP_REPLY_MAX                                                                                       \
    (2 << 20) /* octets of one answer's text with its response code (COPYUID of a large set) */

enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD };

/* The tagged answer as the running command settled it. */
struct imap_reply {
    enum imap_status status;
    struct strbuf text; /* with its response code */
};

/* Settle the tagged answer. The text may begin with a response code in brackets. All return the status. */
enum imap_status imap_ok(struct imap *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum imap_status imap_no(struct imap *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum imap_status imap_bad(struct imap *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NO with the response code of the error (RFC 5530); what an operator should know is logged. */
enum imap_status imap_no_err(struct imap *s, const struct err *e);
/* The same, where a missing mailbox could be made by the client. */
enum imap_status imap_no_trycreate(struct imap *s, const struct err *e);

/* Write "* ", the text and CRLF. */
void imap_untagged(struct imap *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Write text as it stands. */
void imap_put(struct imap *s, struct bytes b);
void imap_puts(struct imap *s, const char *text);
void imap_put_number(struct imap *s, uint64_t value);
/* The tagged answer. */
void imap_reply_send(struct imap *s);

/* A mailbox name as an astring: in modified UTF-7, or in UTF-8 for a client that has enabled it (RFC 6855, RFC 9051). */
void imap_mailbox_write(const struct imap *s, struct strbuf *out, const char *utf8);

#endif
