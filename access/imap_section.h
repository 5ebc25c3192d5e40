/*
 * imap_section.h - BODY[...]<...>: reading what is asked for, finding it in a message, sending it.
 */
#ifndef ACCESS_IMAP_SECTION_H
#define ACCESS_IMAP_SECTION_H

#include "access/imap_message.h"
#include "access/imap_parse.h"
#include "access/imap_session.h"

#define IMAP_SECTION_DEPTH_MAX MESSAGE_DEPTH_MAX /* part numbers in a row */

enum imap_section_text {
    IMAP_SECTION_ALL,
    IMAP_SECTION_HEADER,
    IMAP_SECTION_FIELDS,     /* HEADER.FIELDS */
    IMAP_SECTION_FIELDS_NOT, /* HEADER.FIELDS.NOT */
    IMAP_SECTION_TEXT,
    IMAP_SECTION_MIME,
};

struct imap_section {
    unsigned numbers[IMAP_SECTION_DEPTH_MAX];
    unsigned depth;
    enum imap_section_text text;
    struct imap_args fields; /* names, for FIELDS and FIELDS_NOT */
    bool partial;
    uint32_t offset, count;
};

/* Read the section that begins behind "BODY[" or "BODY.PEEK[": `rest` is what the atom holds behind the
 * bracket; further tokens are taken from a. False: it is malformed. */
bool imap_section_parse(struct imap_section *section, struct bytes rest, struct imap_args *a);
/* Write "BODY[...]<offset> " and the octets asked for as a literal, or NIL if there is no such part. -1: the
 * message cannot be read (m->err), and nothing has been written. fields: what imap_cache_mask says of it. */
int imap_section_send(struct imap *s, struct imap_message *m, const struct imap_section *section,
                      const char *name, uint64_t fields);

#endif
