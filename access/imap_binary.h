/*
 * imap_binary.h - BINARY[...] (RFC 3516): the body of a part with its content-transfer-encoding undone.
 */
#ifndef ACCESS_IMAP_BINARY_H
#define ACCESS_IMAP_BINARY_H

#include "access/imap_section.h"

/* Kept with the message, so that a part fetched piece by piece is decoded once. */
struct imap_binary {
    uint64_t size; /* octets, decoded */
    bool has_nul;
    /* inside */
    uint64_t start, end; /* of the encoded octets in the file */
    const char *encoding;
    struct wire_reader wire;
    struct message_decoder *decoder; /* NULL: the end has been reached */
    struct strbuf ready;             /* decoded, beginning at ready_at */
    uint64_t ready_at;
};

/* The part that a section without text names. *found is NULL if there is none; valid until the next call for this message. -1: the
 * message cannot be read (m->err; ERR_INVALID: its encoding is not known, UNKNOWN-CTE). */
int imap_binary_open(struct imap_message *m, const struct imap_section *section, struct imap_binary **found);
/* Up to n octets from position `at`, 0 at the end, -1 with errno. Going on from where the last read ended decodes nothing again. */
ssize_t imap_binary_read(struct imap_binary *b, uint64_t at, char *to, size_t n);
void imap_binary_free(struct imap_binary *b); /* NULL is fine */

/* Write "BINARY[...]<offset> " and the octets as literal or literal8, or NIL; or "BINARY.SIZE[...] n". As imap_section_send. */
int imap_binary_send(struct imap *s, struct imap_message *m, const struct imap_section *section);
int imap_binary_size_send(struct imap *s, struct imap_message *m, const struct imap_section *section);

#endif
