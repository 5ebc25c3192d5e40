/*
 * imap_cmd_idle.c - IDLE (RFC 2177): tell what changes until the client says DONE.
 */
#include "access/imap_commands.h"
#include "access/imap_news.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <time.h>

#define IDLE_LOOK_MS (30 * 1000) /* at least so often */
#define IDLE_STILL_HERE_S                                                                                    \
    (4 * 60) /* a line now and then keeps address translators from forgetting the connection */
#define IDLE_MAX_S    (29 * 60 + 30)
#define IDLE_LINE_MAX 100

static int64_t now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/* The client's line that ends IDLE. 1: it is whole and *fine says whether it was DONE; 0: more is needed. */
static int read_done(struct imap *s, struct strbuf *line, bool *fine)
{
    struct bytes in = imap_io_input(&s->io);
    size_t end = bytes_index(in, '\n');
    size_t n = end < in.n ? end + 1 : in.n;
    strbuf_add(line, in.p, n);
    imap_io_consume(&s->io, n);
    if (end == in.n)
        return line->overflow ? 1 : 0;
    while (line->len > 0 && (line->data[line->len - 1] == '\n' || line->data[line->len - 1] == '\r'))
        strbuf_truncate(line, line->len - 1);
    *fine = !line->overflow && bytes_eq_nocase(strbuf_bytes(line), BYTES("DONE"));
    return 1;
}

/* Wait and tell. Returns whether IDLE was ended by DONE. */
static bool idle(struct imap *s)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(IDLE_LINE_MAX);
    int64_t start = now_s(), spoke = start;
    bool fine = false;
    while (!s->bye) {
        enum imap_io_result r = imap_news_wait(s, IDLE_LOOK_MS);
        if (r == IMAP_IO_OK)
            session_status_heard();
        if (r == IMAP_IO_OK && read_done(s, &line, &fine))
            return fine;
        if (r == IMAP_IO_END || r == IMAP_IO_STOP) {
            s->ending = true;
            s->bye = r == IMAP_IO_STOP ? "[UNAVAILABLE] Server shutting down" : NULL;
            s->lost = "the client is gone";
            return true;
        }
        imap_news_tell(s, true);
        if (now_s() - start >= IDLE_MAX_S)
            s->bye = "[UNAVAILABLE] Idle for too long";
        else if (now_s() - spoke >= IDLE_STILL_HERE_S) {
            imap_untagged(s, "OK Still here");
            spoke = now_s();
        }
    }
    return true;
}

enum imap_status imap_cmd_idle(struct imap *s)
{
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_news_tell(s, true);
    s->news_looked = 0;
    imap_puts(s, "+ Idling\r\n");
    if (!idle(s))
        return imap_bad(s, "IDLE ends with DONE");
    return imap_ok(s, "No longer idle");
}
