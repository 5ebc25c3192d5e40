/*
 * imap_cmd_idle.c - IDLE (RFC 2177): tell what changes until the client says DONE.
 *
 * The kernel wakes us when a name changes in new/ or cur/ (inotify); a slow poll covers file systems without
 * it, watches that could not be had, and events that were lost. Looking costs two stats when nothing has
 * changed. A waking is only a hint: the mailbox is always asked itself.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <time.h>

#define IDLE_POLL_MS  (30 * 1000)
#define IDLE_BLIND_MS (2 * 1000) /* without a watch */
#define IDLE_PAUSE_MS 50         /* between two looks */
#define IDLE_STILL_HERE_S                                                                                    \
    (4 * 60) /* a line now and then keeps address translators from forgetting the connection */
#define IDLE_MAX_S    (29 * 60 + 30)
#define IDLE_LINE_MAX 100

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t now_s(void)
{
    return now_ms() / 1000;
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

/* Wait for input or a change. The first change is told at once, those that follow closely together: many sessions would
 * otherwise wear out one folder, and each other. */
static enum imap_io_result wait_for_news(struct imap *s, int watch_fd, int64_t looked)
{
    int64_t early = looked + IDLE_PAUSE_MS - now_ms();
    if (early > 0) {
        enum imap_io_result r = imap_io_wait(&s->io, (int)early, -1);
        if (r != IMAP_IO_TIMEOUT)
            return r;
    }
    return imap_io_wait(&s->io, s->mb && watch_fd < 0 ? IDLE_BLIND_MS : IDLE_POLL_MS, watch_fd);
}

/* Wait and tell. Returns whether IDLE was ended by DONE. */
static bool idle(struct imap *s)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(IDLE_LINE_MAX);
    int64_t start = now_s(), spoke = start, looked = 0;
    bool fine = false;
    while (!s->bye) {
        enum imap_io_result r = wait_for_news(s, s->mb ? mailbox_watch_fd(s->mb) : -1, looked);
        if (r == IMAP_IO_OK && read_done(s, &line, &fine))
            return fine;
        if (r == IMAP_IO_END || r == IMAP_IO_STOP) {
            s->ending = true;
            s->bye = r == IMAP_IO_STOP ? "[UNAVAILABLE] Server shutting down" : NULL;
            return true;
        }
        imap_session_sync(s, true, NULL, 0);
        looked = now_ms();
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
    imap_session_sync(s, true, NULL, 0);
    imap_puts(s, "+ Idling\r\n");
    if (!idle(s))
        return imap_bad(s, "IDLE ends with DONE");
    return imap_ok(s, "No longer idle");
}
