/*
 * pop3_uidl.h - what UIDL tells of a message, by a format in Dovecot's spelling (its option pop3_uidl_format). Pure.
 *
 *   %u UID   %v UIDVALIDITY   %f file name without flags   %g GUID   %% a percent sign
 *
 * Between % and letter may stand a width, with a 0 in front for zeros instead of blanks, and X for (lower-case) hexadecimal, as in
 * "%08Xu%08Xv".
 */
#ifndef ACCESS_POP3_UIDL_H
#define ACCESS_POP3_UIDL_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

#define POP3_UIDL_FORMAT "%08Xu%08Xv" /* Dovecot's default */
#define POP3_UIDL_MAX    70           /* octets (RFC 1939 section 7) */

struct pop3_uidl {
    uint32_t uid, validity;
    struct bytes file, guid;
};

/* ERR_INVALID: it cannot be read, or says nothing that differs between messages. */
int pop3_uidl_check(const char *format, struct err *e);
/* Append it. Where the format's result is none (longer than POP3_UIDL_MAX, or with octets that are not visible), that of POP3_UIDL_FORMAT. */
void pop3_uidl_write(const char *format, const struct pop3_uidl *of, struct strbuf *out);

#endif
