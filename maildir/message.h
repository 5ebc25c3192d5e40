/*
 * message.h - RFC 5322 and MIME: headers, the tree of parts, addresses, dates, decoding. Pure.
 *
 * Everything here is bounded by named limits, iterative, linear in its input, and never refuses a message: what is broken is
 * described as well as possible. Offsets are into the message as it lies on disk (usually LF line ends); sizes called crlf_*
 * count each LF without CR as two octets.
 */
#ifndef MAILDIR_MESSAGE_H
#define MAILDIR_MESSAGE_H

#include "base/bytes.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define MESSAGE_PARTS_MAX  10000     /* parts of one message; further ones are text of the last */
#define MESSAGE_DEPTH_MAX  100       /* nesting; deeper parts are opaque */
#define MESSAGE_HEADER_MAX (1 << 20) /* octets of one part's header that are looked at */
#define MESSAGE_PARAMS_MAX 100       /* parameters of one field */
#define MESSAGE_ADDRS_MAX  10000     /* addresses of one field */

/* ---- headers: message_header.c ---- */

/* One field of a header. All runs point into the block. */
struct header_field {
    struct bytes name;  /* without the colon and blanks before it */
    struct bytes value; /* raw, folded, without the final line end */
    struct bytes whole; /* name to final line end, for serving the bytes */
};
/* Walk a header block: cut the next field off *rest. Returns false at the end (empty line or no more). Lines that are no field
 * (no colon) are returned with an empty name. */
bool header_next(struct bytes *rest, struct header_field *field);
/* First field of that name (case-insensitive). */
bool header_find(struct bytes block, const char *name, struct header_field *field);
/* Unfold: CRLF or LF before a blank goes, the blank stays; other control characters become spaces; trimmed. Appended to out. */
void header_unfold(struct strbuf *out, struct bytes value);
/* The same without a copy where that is possible: a piece of value, or of what scratch holds then. */
struct bytes header_text(struct strbuf *scratch, struct bytes value);
/* Decode encoded words (RFC 2047) into UTF-8, after unfolding. Unknown charsets and bad bytes become U+FFFD. */
void header_decode(struct strbuf *out, struct bytes value);

/* ---- addresses: message_address.c ---- */

/* One element of an address list, in IMAP's terms (RFC 3501 7.4.2): group start has host absent and mailbox = the group's name, group end
 * has both absent. Absent: .p is NULL. Display names keep their encoded words. */
struct address {
    struct bytes name, route, mailbox, host;
};
/* Read a list, at most MESSAGE_ADDRS_MAX elements of it. Each is handed over as it is read; its bytes are gone afterwards. */
void address_parse(struct bytes value, void (*each)(void *arg, const struct address *a), void *arg);

/* ---- dates: message_date.c ---- */

/* RFC 5322 date-time with obsolete forms. *when: UTC seconds; *zone: minutes east. false if hopeless. */
bool date_parse(struct bytes value, time_t *when, int *zone);

/* ---- structure: message_mime.c ---- */

struct mime_param {
    char *name, *value; /* value as IMAP shows it: RFC 2231 pieces joined and left as they were when not */
};
struct mime_part {
    /* where it lies; the root's header is the message's own */
    uint64_t header_start, header_end; /* header_end: behind the empty line */
    uint64_t body_start, body_end;     /* body_end: before the line end that belongs to the boundary */
    uint64_t crlf_header, crlf_body;   /* the same lengths with CRLF line ends */
    uint64_t body_lines;               /* line ends in the body */
    /* what it is; never NULL: defaults are filled in (text/plain; charset=us-ascii, 7bit, message/rfc822 inside digest) */
    char *type, *subtype;
    struct mime_param *params;
    size_t nparams;
    char *id, *description, *encoding, *md5; /* NULL: NIL, but encoding defaults to "7BIT" */
    char *disposition;
    struct mime_param *disposition_params;
    size_t ndisposition_params;
    char *language, *location; /* language: the raw list, comma-separated */
    bool multipart;            /* has children as parts */
    bool rfc822;               /* message/rfc822 or message/global: exactly one child, the message inside */
    struct mime_part *parent, *first_child, *last_child, *next;
    unsigned nchildren;
};
struct mime_parser;
struct mime_parser *mime_parser_new(void);
/* Feed the message from its start, in pieces cut anywhere. */
void mime_parser_feed(struct mime_parser *parser, const void *p, size_t n);
/* The tree (owned by the caller, mime_free) ; frees the parser. Never NULL. */
struct mime_part *mime_parser_finish(struct mime_parser *parser);
void mime_parser_abort(struct mime_parser *parser);
void mime_free(struct mime_part *root);
/* A parameter's value by name (case-insensitive), or NULL. */
const char *mime_param(const struct mime_param *params, size_t n, const char *name);
/* Part by IMAP section number: "1.2" given as numbers {1, 2}. NULL if there is none. */
const struct mime_part *mime_find(const struct mime_part *root, const unsigned *numbers, size_t n);

/* ---- decoding: message_decode.c ---- */

/* Decode a body in pieces: transfer encoding (7bit, 8bit, binary, base64, quoted-printable, anything else as is), then
 * charset (iconv, NULL or unknown: bytes that are not UTF-8 become U+FFFD) to UTF-8 if charset conversion is wanted. */
struct message_decoder;
struct message_decoder *message_decoder_new(const char *encoding, const char *charset, bool to_utf8);
/* Append what came out to `out`. */
void message_decoder_feed(struct message_decoder *d, struct bytes in, struct strbuf *out);
void message_decoder_finish(struct message_decoder *d, struct strbuf *out); /* flushes and frees */
/* Casefold UTF-8 for comparison without case (libunistring, full folding), appended. */
void text_casefold(struct strbuf *out, struct bytes utf8);
/* The form in which i;unicode-casemap (RFC 5051) compares UTF-8 octet by octet, appended. */
void text_collate(struct strbuf *out, struct bytes utf8);
/* Append text in this character set as UTF-8: strictly, all that iconv knows. False if there is no such set, or if the text is not valid in it.
 * out NULL: is there such a set? */
bool text_convert(const char *charset, struct bytes text, struct strbuf *out);

/* ---- reading a file in wire form: message_wire.c ---- */

/* Append with each LF that has no CR before it as CRLF. */
void message_add_crlf(struct strbuf *out, struct bytes b);
/* Reads a message file with CRLF line ends: LF without CR before it becomes CRLF. Positions are in the wire form of
 * [start, end) of the file; going on from where the last read ended does not rescan. */
#define WIRE_MARKS 64
struct wire_place {
    uint64_t file_pos, wire_pos;
    bool after_cr; /* the last octet given out was a CR */
};
struct wire_reader {
    int fd;
    uint64_t start, end;         /* range in the file */
    uint64_t file_pos, wire_pos; /* where the next sequential read goes on */
    bool after_cr;
    char *buffer;
    size_t size, have, used;
    struct wire_place buffered;          /* where the buffer begins */
    struct wire_place marks[WIRE_MARKS]; /* places that were passed, for going back */
    unsigned nmarks;
    uint64_t mark_step; /* octets of the file between two of them */
};
void wire_open(struct wire_reader *r, int fd, uint64_t start, uint64_t end);
void wire_close(struct wire_reader *r); /* fd stays open */
void wire_rest(struct wire_reader *r);  /* keep the places, give back the buffer */
/* Go to this wire position. What was passed before is not read again from the start. 0, or -1 with errno. Positions past the end are
 * the end. */
int wire_seek(struct wire_reader *r, uint64_t wire_pos);
/* Up to n octets; 0 at the end, -1 with errno (EIO also when the file is shorter than it was). */
ssize_t wire_read(struct wire_reader *r, void *p, size_t n);

#endif
