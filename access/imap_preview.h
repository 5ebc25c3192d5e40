/*
 * imap_preview.h - PREVIEW (RFC 8970): the first words of a message, for lists.
 */
#ifndef ACCESS_IMAP_PREVIEW_H
#define ACCESS_IMAP_PREVIEW_H

#include "access/imap_message.h"

#define IMAP_PREVIEW_MAX    200 /* characters */
#define IMAP_PREVIEW_OCTETS (4 * IMAP_PREVIEW_MAX)

/* Append it, kept or made now; lazy: only if it is kept already (*known false: it is not). -1: the message cannot be read (m->err). */
int imap_preview(struct imap_message *m, bool lazy, bool *known, struct strbuf *out);
/* The words of a text, appended. Pure. */
void imap_preview_text(struct bytes utf8, bool html, struct strbuf *out);

#endif
