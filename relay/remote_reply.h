/*
 * remote_reply.h - what another SMTP server answers. Pure: bytes in, "need more", "done" or "bad" out.
 *
 * Strict, since the server may be hostile: CRLF only, three digits of one value on all lines, '-' or ' ' (or
 * nothing) behind them, no NUL, lines and replies of limited length.
 */
#ifndef RELAY_REMOTE_REPLY_H
#define RELAY_REMOTE_REPLY_H

#include "base/bytes.h"
#include "base/strbuf.h"

#define REPLY_LINE_MAX  2048        /* octets with CRLF; RFC 5321 promises 512 */
#define REPLY_MAX       (64u << 10) /* octets of one reply */
#define REPLY_LINES_MAX 128

struct reply {
    int code;           /* 200..599 */
    struct strbuf text; /* lines without their codes, separated by LF; other control characters are '?' */
};

enum reply_status { REPLY_MORE, REPLY_DONE, REPLY_BAD };

void reply_init(struct reply *r);
void reply_done(struct reply *r);
/* Parse one reply at the start of input. REPLY_DONE: *used octets were it. REPLY_MORE: it is not whole yet.
 */
enum reply_status reply_parse(struct bytes input, struct reply *r, size_t *used);

/* Is this keyword among the lines of an EHLO reply? *params (may be NULL): what stands behind it. */
bool reply_keyword(const struct reply *r, const char *keyword, struct bytes *params);

#endif
