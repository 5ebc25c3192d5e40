/*
 * smtp_repair.h - a mail program's header made whole (RFC 6409 8): what is missing is added, Bcc goes, addresses without a domain
 * get ours. Pure.
 */
#ifndef RELAY_SMTP_REPAIR_H
#define RELAY_SMTP_REPAIR_H

#include "base/strbuf.h"

struct repair {
    const char *from;       /* address for a missing From */
    const char *date;       /* text for a missing Date */
    const char *message_id; /* for a missing one, with its brackets */
    const char *domain;     /* for addresses without one */
};

/*
 * Append the message's beginning, LF line ends, repaired: `header` is its header with the empty line, or all there is of a
 * message without one; a line in it that is no field begins the body, and gets the empty line that it lacks.
 */
void repair_header(struct bytes header, const struct repair *how, struct strbuf *out);
/* The value of an address field with @domain behind each bare local part. */
void repair_addresses(struct bytes value, const char *domain, struct strbuf *out);

#endif
