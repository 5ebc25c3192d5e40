/*
 * sendmail_header.h - what the sendmail command does to a message's header. Pure.
 */
#ifndef RELAY_SENDMAIL_HEADER_H
#define RELAY_SENDMAIL_HEADER_H

#include "relay/sendmail_address.h"

#include "base/strbuf.h"

#include <sys/types.h>

#define SENDMAIL_HEADER_MAX (1u << 20) /* octets */

struct header_fill {
    const char *from_name;    /* -F, NULL: none */
    const char *from_address; /* for a From line */
    const char *date, *message_id;
};

/* Write the header (LF line ends, up to and with the empty line or the first line that is no field) to out:
 * without Bcc, Return-Path and a leading "From " line, with From, Date and Message-ID if they are missing,
 * ending in an empty line. With `collect`, recipients of To, Cc, Bcc (or of their Resent- forms alone, if
 * there are such) are added to it. Returns the octets of `in` that were the header; -1: too many recipients.
 */
ssize_t header_rewrite(struct bytes in, const struct header_fill *fill, struct addresses *collect,
                       struct strbuf *out);

#endif
