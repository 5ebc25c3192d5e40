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
    uint64_t offset, count; /* RFC 9051's numbers have 63 bits */
};

/* Read the section that begins behind "BODY[" or "BODY.PEEK[": `rest` is what the atom holds behind the
 * bracket; further tokens are taken from a. False: it is malformed. */
bool imap_section_parse(struct imap_section *section, struct bytes rest, struct imap_args *a);

/* The octets that a section stands for, as FETCH gives them. */
struct imap_octets {
    bool exists; /* there is such a part */
    uint64_t n;  /* octets not yet read */
    /* inside */
    struct wire_reader *wire; /* the message's own */
    struct strbuf text;
    struct bytes rest; /* of text */
};

/* What of `length` octets the section's <offset.count> asks for. */
void imap_section_cut(const struct imap_section *section, uint64_t length, uint64_t *at, uint64_t *n);
/* -1: the message cannot be read (m->err). Free with imap_octets_done in any case. One at a time of a message. */
int imap_section_open(struct imap_message *m, const struct imap_section *section, struct imap_octets *o);
/* At most n octets into `to`; 0 or -1: the file has become shorter, or errno. */
ssize_t imap_octets_read(struct imap_octets *o, char *to, size_t n);
void imap_octets_done(struct imap_octets *o);
#define AUTO_OCTETS __attribute__((cleanup(imap_octets_done)))

/* Write "BODY[...]<offset> " and the octets asked for as a literal, or NIL if there is no such part. -1: the
 * message cannot be read (m->err), and nothing has been written. fields: what imap_cache_mask says of it. */
int imap_section_send(struct imap *s, struct imap_message *m, const struct imap_section *section,
                      const char *name, uint64_t fields);

#endif
