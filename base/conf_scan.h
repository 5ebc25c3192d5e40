/*
 * conf_scan.h - cut a configuration file into statements, each with its line. Pure.
 *
 * libconfuse reads the values; this finds where each stands, so that a complaint names the right line, one
 * mistake does not hide the next, and sections of other programs are stepped over unread.
 */
#ifndef BASE_CONF_SCAN_H
#define BASE_CONF_SCAN_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/strbuf.h"

enum conf_item {
    CONF_END,       /* of the file */
    CONF_STATEMENT, /* name = value */
    CONF_SECTION,   /* name { */
    CONF_CLOSE,     /* } */
    CONF_WRONG,     /* e says what; scanning goes on behind it */
};

struct conf_scan {
    struct bytes rest;
    unsigned line;       /* where rest begins */
    unsigned at;         /* line of the item that was found */
    struct bytes name;   /* of a statement or section */
    struct bytes value;  /* of a statement: from behind the "=" */
    unsigned token_line; /* line of the last token */
};

void conf_scan_init(struct conf_scan *s, struct bytes text);
enum conf_item conf_scan_next(struct conf_scan *s, struct err *e);
/* Behind CONF_SECTION: step over everything up to and with the matching brace. False if the file ends first.
 */
bool conf_scan_skip(struct conf_scan *s);
/* Append the tokens of a value, separated by blanks: without comments, which libconfuse does not take inside
 * of lists. */
void conf_scan_tokens(struct bytes value, struct strbuf *out);

#endif
