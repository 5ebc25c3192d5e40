/*
 * message_text.h - the text of a message as SEARCH sees it: transfer encodings, encoded words and character sets undone, case folded.
 *
 * One run of octets in pieces that each end with MESSAGE_TEXT_END, an octet that no text holds: what is searched for never lies across the
 * end of one. First the message's header, a piece for the name of each field (with its colon) and one for its value; then the
 * body: the headers of the parts in the same form, and each part that is text.
 */
#ifndef MAILDIR_MESSAGE_TEXT_H
#define MAILDIR_MESSAGE_TEXT_H

#include "base/strbuf.h"

#define MESSAGE_TEXT_END '\xff'
#define MESSAGE_TEXT_MAX (4 << 20) /* octets that are held at once; longer texts are looked at in runs */

struct message_text {
    struct strbuf text;
    size_t header;  /* octets of the text that belong to the message's header; SIZE_MAX: all */
    bool too_large; /* only the end of it is left in text */
    /* Called, when the text is too long to be held, with each run of it. */
    void (*look)(void *arg, const struct message_text *t);
    void *arg;
    size_t
        keep; /* octets at the end of a run that the next begins with: one fewer than what is searched for has */
    /* inside */
    char *file, *piece; /* the whole message if it is small; a piece of it */
    struct strbuf decoded;
};

void message_text_init(struct message_text *t);
void message_text_done(struct message_text *t);
/* Read the text of a message file of this size. 0, or -1 with errno; then text holds what there was. */
int message_text_read(struct message_text *t, int fd, uint64_t size);

#endif
