/*
 * imap_cache.h - text of a message that is kept in the index: BODYSTRUCTURE, and the header fields that clients ask for.
 * Answering is then copying; ENVELOPE is made of the fields, which costs less than its space would.
 *
 * Whether a message was read once for its header or once in whole, everything that follows from what was read is kept.
 * What is not in the cache is found out from the file; without it everything is the same, only slower.
 */
#ifndef ACCESS_IMAP_CACHE_H
#define ACCESS_IMAP_CACHE_H

#include "access/imap_message.h"
#include "access/imap_section.h"

/* Runs point into the index: valid until the next call about any message. .p NULL: not there. */
struct imap_cached {
    struct bytes structure, fields;
};

/* What SORT and THREAD compare (imap_sort.h). Runs as above. */
struct imap_brief {
    bool has_sent, reply;
    int64_t sent; /* the Date field, if it is one; zone: minutes east */
    int zone;
    struct bytes subject, from;
};

/* What is compared, if it is kept: the message is not read. */
bool imap_cache_brief(struct mailbox *mb, uint32_t uid, struct imap_brief *b);
/* The same, reading the message if it is not there. False: it cannot be read, or too much of it is there to be kept. */
bool imap_cache_get_brief(struct imap_message *m, struct imap_brief *b);

/* From the index, reading the message if it is not there: its header, or all of it where the structure is wanted. False: it could
 * not be read (m->err). What is too large to be kept stays NULL. */
bool imap_cache_get(struct imap_message *m, bool structure, struct imap_cached *c);

/* Hand over the value (raw, folded) of each header field of this name, until one returns true: then true is returned. From the cache
 * if such fields are kept, else from the message; the runs are gone afterwards. */
bool imap_cache_each(struct imap_message *m, struct bytes name, bool (*each)(void *arg, struct bytes value),
                     void *arg);
/* Append the value of the first field of this name. False: there is none. */
bool imap_cache_value(struct imap_message *m, const char *name, struct strbuf *out);

/* The preview (imap_preview.h), if it is kept, appended; and keep it, if there is room. */
bool imap_cache_preview(struct imap_message *m, struct strbuf *out);
void imap_cache_put_preview(struct imap_message *m, struct bytes preview);

/* Append the ENVELOPE that follows from these fields. */
void imap_cache_envelope(struct bytes fields, struct strbuf *out);
/* Which of the fields that are kept does HEADER.FIELDS name? 0 if it names others, too. */
uint64_t imap_cache_mask(const struct imap_section *section);
/* Append those of them that the message has, as they stand there, with CRLF line ends. */
void imap_cache_fields(struct bytes fields, uint64_t mask, struct strbuf *out);

#endif
