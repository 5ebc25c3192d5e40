/*
 * err.h - an error is a small enum plus a sentence.
 *
 * It is made where the cause is known and spoken where a protocol is spoken. Functions that can fail take a
 * struct err * as their last argument and return 0, or -1 after filling it. The sentence names the thing,
 * the place and, where there is one, the way out; it has no final full stop and no newline.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
    ERR_OK = 0,
    ERR_NOTFOUND, /* the thing does not exist */
    ERR_EXISTS,   /* it exists already */
    ERR_ACCESS,   /* not permitted */
    ERR_QUOTA,    /* over the account's quota */
    ERR_SPACE,    /* the disk or a table of the system is full; may go away */
    ERR_LIMIT,    /* over a limit of ours */
    ERR_INVALID,  /* the caller's input is wrong */
    ERR_CORRUPT,  /* stored state is unreadable: needs an operator */
    ERR_BUSY,     /* locked or in use; may go away */
    ERR_TEMP,     /* any other failure that may go away */
    ERR_INTERNAL, /* our own mistake */
};

struct err {
    enum err_code code;
    char text[256];
};

/* All return -1, so that `return err_set(e, ...)` reads well. e may be NULL. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The code follows from errnum; ": " and the system's text are appended. */
int err_errno(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Put a place in front of the sentence that is there: "PLACE: sentence". */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The enum as a word, for logs: "not found". */
const char *err_word(enum err_code code);

#endif
