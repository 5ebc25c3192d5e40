/*
 * message_part.h - what the fields of a part's header say, put into its struct mime_part. Inside of
 * maildir/message_*.c.
 */
#ifndef MAILDIR_MESSAGE_PART_H
#define MAILDIR_MESSAGE_PART_H

#include "maildir/message_param.h"

/* Take in one whole field. The first of each name counts. */
void part_field(struct mime_part *part, struct bytes field, struct message_budget *budget);
/* The header has ended: fill in what it does not say. */
void part_defaults(struct mime_part *part);
/* Make it opaque: of this type, without parameters. */
void part_retype(struct mime_part *part, const char *type, const char *subtype);
bool part_is(const struct mime_part *part, const char *type, const char *subtype); /* subtype NULL: any */

#endif
