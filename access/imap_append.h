/*
 * imap_append.h - messages on their way from a client into a mailbox: what APPEND and REPLACE share.
 */
#ifndef ACCESS_IMAP_APPEND_H
#define ACCESS_IMAP_APPEND_H

#include "access/imap_flags.h"
#include "access/imap_session.h"

#define IMAP_APPEND_TOTAL 4     /* times the limit of one message: octets of all messages of one command */
#define IMAP_UIDS_TEXT    65536 /* octets of APPENDUID's set: they are successive, mostly */

/* Where in the command we are: see imap_append.c. */
enum imap_append_state {
    IMAP_APPEND_OPTIONS,   /* before a message: flags, date, or the message itself */
    IMAP_APPEND_PARTS,     /* in CATENATE's list */
    IMAP_APPEND_TEXT,      /* ... a TEXT was announced */
    IMAP_APPEND_UTF8,      /* in UTF8's list */
    IMAP_APPEND_UTF8_READ, /* ... its literal was read */
};

struct imap_append {
    struct mail_append *mail; /* NULL: refused, its answer is settled */
    enum imap_append_state state;
    unsigned at;         /* tokens used up */
    unsigned list, utf8; /* CATENATE's and UTF8's list; list 0: none */
    bool has_flags, has_date;
    struct imap_flags flags; /* of the next message */
    time_t date;
    uint64_t octets, total; /* of the message, of all */
    unsigned messages;
    bool after_cr;          /* the last octet of a literal8 was a CR */
    bool once;              /* REPLACE: one message only */
    uint32_t replaces;      /* REPLACE: this UID of the selected mailbox; 0: APPEND */
    struct mailbox *source; /* that CATENATE has read from last, if it is not the selected one */
};

/* A literal that belongs to a message begins: read it. The tagged answer follows when the command has ended. */
void imap_append_begin(struct imap *s);
/* The command has ended: everything of it is used up, and there is at least one message. False: settled. */
bool imap_append_finish(struct imap *s);
/* Leave nothing behind. True if the answer was settled when the command was refused. */
bool imap_append_abort(struct imap *s);
/* The octets of a URL into the message. False: settled. */
bool imap_catenate_url(struct imap *s, struct bytes text);
/* Room for n more octets in the message and the command? False: settled. */
bool imap_append_fits(struct imap *s, uint64_t n);

#endif
