/*
 * imap_structure.h - a tree of parts as BODY and BODYSTRUCTURE (RFC 3501 7.4.2). Pure.
 */
#ifndef ACCESS_IMAP_STRUCTURE_H
#define ACCESS_IMAP_STRUCTURE_H

#include "maildir/message.h"

enum imap_structure_how {
    IMAP_STRUCTURE_EXTENDED = 1, /* BODYSTRUCTURE, not BODY */
    IMAP_STRUCTURE_GLOBAL = 2,   /* message/global like message/rfc822 (RFC 9051) */
};

#define IMAP_STRUCTURE_MAX (32 << 20) /* octets that hold the structure of any message */

/* Append the structure of root with its parentheses; extended: BODYSTRUCTURE. read_header appends the header
 * block of the message inside of a message/rfc822 part (`part` is that inner message) for its ENVELOPE and
 * returns 0, or -1. Returns 0, or -1 if it did. */
int imap_bodystructure(struct strbuf *out, const struct mime_part *root, unsigned how,
                       int (*read_header)(void *arg, const struct mime_part *part, struct strbuf *out),
                       void *arg);

#endif
