/*
 * maildirsize.h - the text of `maildirsize`, Maildir++'s account of what is used. Pure.
 */
#ifndef MAILDIR_MAILDIRSIZE_H
#define MAILDIR_MAILDIRSIZE_H

#include "base/strbuf.h"

#include <stdint.h>

#define MAILDIRSIZE_FILE      "maildirsize"
#define MAILDIRSIZE_MAX_BYTES 5120 /* a file of that length is counted anew */

struct maildirsize {
    int64_t limit_octets, limit_messages; /* 0: none */
    int64_t octets, messages;             /* sums */
    size_t lines;                         /* that were summed */
};

/* Read a whole file: "<octets>S,<messages>C" in any order and with parts left out, then lines "<octets> <messages>" with blanks
 * around them (Courier pads to 14 octets). False if it is no such text, too long, its last line cut off, or a sum negative or
 * beyond 63 bits: to be counted anew. */
bool maildirsize_parse(struct maildirsize *m, struct bytes text);
/* A new file's text. */
void maildirsize_format(struct strbuf *text, const struct maildirsize *m);

#endif
