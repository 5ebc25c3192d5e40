/*
 * message_param.h - parameters of MIME fields (RFC 2045 5.1, RFC 2231). Inside of maildir/message_*.c.
 */
#ifndef MAILDIR_MESSAGE_PARAM_H
#define MAILDIR_MESSAGE_PARAM_H

#include "maildir/message.h"
#include "maildir/message_lex.h"

/* What one message may keep in memory, whatever it says: counted down. */
struct message_budget {
    size_t params; /* parameters */
    size_t octets; /* of all strings */
};

/* Read parameters from the next semicolon on: at most MESSAGE_PARAMS_MAX, and what the budget allows. Of two
 * with one name the first counts. Pieces of RFC 2231 become one parameter: "name" when none of them is
 * extended, "name*" otherwise. */
struct mime_param *params_parse(struct lex *lex, size_t *n, struct message_budget *budget);
/* Appends one, of strings without NULs. */
struct mime_param *params_add(struct mime_param *params, size_t *n, struct bytes name, struct bytes value);
void params_free(struct mime_param *params, size_t n);
/* A copy of b within the budget; NULL if it is empty or there is no more. */
char *budget_dup(struct message_budget *budget, struct bytes b);

#endif
