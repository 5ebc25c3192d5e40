/*
 * smtp_data.c - the message: from the wire through the dots into the place that queue gave.
 *
 * The Received line goes first. What does not fit any more is still read to its end, then refused: a client
 * that is cut off in the middle would try again for days. Text is written in pieces of up to 64 KB.
 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "maildir/message.h"
#include "relay/smtp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 65536

static unsigned large_headers;

static void release_header(struct smtp_session *s)
{
    large_headers -= s->large_header;
    s->large_header = false;
}

/* May this header be held on, now that it is so long? */
static bool hold_header(struct smtp_session *s)
{
    if (s->large_header || s->text.len <= SMTP_LARGE_HEADER)
        return true;
    if (large_headers == SMTP_LARGE_HEADERS)
        return false;
    large_headers++;
    s->large_header = true;
    return true;
}

void smtp_data_forget(struct smtp_session *s)
{
    release_header(s);
    cleanup_close(&s->fd);
    s->fd = -1;
    s->written = s->received = 0;
    s->in_header = s->too_big = s->failed = s->chunking = s->nul = false;
    strbuf_done(&s->text);
    smtp_data_init(s);
}

void smtp_data_init(struct smtp_session *s)
{
    strbuf_init(&s->text, SMTP_HEADER_MAX + PIECE + 4096);
    s->looked_at = 0;
}

void smtp_data_begin(struct smtp_session *s, int fd, uint64_t cap)
{
    s->fd = fd;
    s->cap = cap;
    s->written = s->received = 0;
    s->data_since = loop_now(smtp_loop());
    s->idle_commands = 0;
    smtp_dots_init(&s->dots);
    s->chunk = (struct smtp_chunk){0};
    smtp_trace(&s->text, s);
    s->in_header = s->submission;
    s->state = s->chunking ? SMTP_CHUNK : SMTP_DATA;
    if (!s->chunking)
        smtp_reply(s, "354 End data with <CR><LF>.<CR><LF>");
    smtp_proceed(s);
}

/* Write s->text; false if a larger place must be asked for first. */
static bool write_out(struct smtp_session *s)
{
    if (s->failed || s->too_big) {
        strbuf_clear(&s->text);
        return true;
    }
    if (s->written + s->text.len > s->cap)
        return false;
    for (size_t at = 0; at < s->text.len;) {
        ssize_t n = pwrite(s->fd, s->text.data + at, s->text.len - at, (off_t)(s->written + at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_error("writing a message of remote=%s: %m", s->peer);
            s->failed = true;
            break;
        }
        at += (size_t)n;
    }
    s->written += s->text.len;
    strbuf_clear(&s->text);
    return true;
}

static void ask_for_more(struct smtp_session *s)
{
    s->state = SMTP_GROW;
    if (smtp_link_grow(s))
        return;
    s->failed = true;
    s->state = s->chunking ? SMTP_CHUNK : SMTP_DATA;
}

/* The end of the header in text (behind the trace line): behind its empty line, or 0. */
static size_t header_end(struct smtp_session *s)
{
    struct bytes rest = bytes_skip(strbuf_bytes(&s->text), s->looked_at);
    const char *end = rest.n ? memmem(rest.p, rest.n, "\n\n", 2) : NULL;
    s->looked_at = s->text.len ? s->text.len - 1 : 0;
    return end ? (size_t)(end - s->text.data) + 2 : 0;
}

/* Once the header is complete, make it whole. One that is too long to be held is refused with its message. */
static void complete_header(struct smtp_session *s, bool all)
{
    size_t end = header_end(s);
    if (!end && !all) {
        s->too_big |= s->text.len > SMTP_HEADER_MAX;
        s->failed |= !hold_header(s);
        s->in_header = !s->too_big && !s->failed;
        return;
    }
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(8 * SMTP_HEADER_MAX);
    struct bytes rest = strbuf_bytes(&s->text);
    struct header_field trace;
    end = end ? end : rest.n;
    header_next(&rest, &trace);
    strbuf_addb(&whole, trace.whole);
    smtp_complete(&whole, s, bytes_from(trace.whole.p + trace.whole.n, end - trace.whole.n));
    strbuf_addb(&whole, bytes_skip(strbuf_bytes(&s->text), end));
    strbuf_done(&s->text);
    s->text = whole;
    strbuf_init(&whole, 1);
    s->too_big |= s->text.overflow;
    s->in_header = false;
    release_header(s);
}

/* Has everything come that belongs to the message? */
static bool at_end(const struct smtp_session *s)
{
    return s->chunking ? s->chunk_last && !s->chunk_left : s->dots.ended;
}

static void refuse(struct smtp_session *s, const char *reply, const char *why)
{
    for (unsigned i = at_end(s) ? smtp_verdicts(s) : 1; i > 0; i--)
        smtp_reply(s, "%s", reply);
    log_info("remote=%s: message refused: %s", s->peer, why);
    smtp_link_reset(s);
    smtp_reset(s);
    s->state = SMTP_COMMAND;
}

static bool is_bad(const struct smtp_session *s)
{
    return s->nul || (s->chunking ? s->chunk.bad : s->dots.bad);
}

static void finish(struct smtp_session *s)
{
    if (is_bad(s)) {
        refuse(s,
               s->nul ? "550 5.6.0 NUL in the message (RFC 5322 2.1)"
                      : "550 5.6.11 Bare CR or LF in the message: lines end in CR LF, nothing else (RFC 5321 "
                        "2.3.8)",
               s->nul ? "NUL" : "bare CR or LF");
        s->fatal = true;
        return;
    }
    if (s->too_big) {
        refuse(s, "552 5.3.4 The message is larger than is taken here", "too large");
        return;
    }
    if (s->failed) {
        refuse(s, "452 4.3.1 The message could not be stored, try again later", "no room");
        return;
    }
    s->state = SMTP_COMMIT;
    if (!smtp_link_commit(s))
        refuse(s, "451 4.3.0 The queue is not available now, try again later", "no queue");
}

/* A chunk is complete, and it is not the last one. What is wrong by now will not come right. */
static void finish_chunk(struct smtp_session *s)
{
    if (is_bad(s) || s->too_big || s->failed) {
        finish(s);
        return;
    }
    smtp_reply(s, "250 2.0.0 %llu octets received", (unsigned long long)s->received);
    s->state = SMTP_COMMAND;
}

static void advance(struct smtp_session *s)
{
    bool all = at_end(s);
    if (s->in_header)
        complete_header(s, all);
    if ((!s->in_header || all) && !write_out(s))
        ask_for_more(s);
    else if (all)
        finish(s);
    else if (s->chunking && !s->chunk_left)
        finish_chunk(s);
}

void smtp_data_grown(struct smtp_session *s, int fd, uint64_t cap)
{
    cleanup_close(&s->fd);
    s->fd = fd;
    s->cap = cap;
    s->state = s->chunking ? SMTP_CHUNK : SMTP_DATA;
    advance(s);
    smtp_proceed(s);
}

static void taken(struct smtp_session *s, size_t used)
{
    io_consume(s->io, used);
    s->received += used;
    if (s->received > (uint64_t)smtp_conf->message_size)
        s->too_big = true;
    if (is_bad(s) || s->too_big)
        strbuf_clear(&s->text);
}

void smtp_data_input(struct smtp_session *s)
{
    struct bytes in = io_input(s->io);
    in.n = in.n < PIECE ? in.n : PIECE;
    size_t used = smtp_dots_feed(&s->dots, in, &s->text);
    s->nul = s->nul || (used && memchr(in.p, '\0', used));
    taken(s, used);
    if (s->dots.ended || used)
        advance(s);
}

void smtp_chunk_drop(struct smtp_session *s)
{
    s->chunk_drop = true;
    s->state = SMTP_CHUNK;
}

void smtp_chunk_input(struct smtp_session *s)
{
    struct bytes in = io_input(s->io);
    in.n = in.n < PIECE ? in.n : PIECE;
    in.n = in.n < s->chunk_left ? in.n : (size_t)s->chunk_left;
    s->chunk_left -= in.n;
    if (s->chunk_drop) {
        io_consume(s->io, in.n);
        if (s->chunk_left)
            return;
        s->chunk_drop = false;
        s->state = SMTP_COMMAND;
        return;
    }
    smtp_chunk_feed(&s->chunk, in, s->chunk_last && !s->chunk_left, &s->text);
    s->nul = s->nul || (in.n && memchr(in.p, '\0', in.n));
    size_t used = in.n;
    taken(s, used);
    if (used || !s->chunk_left)
        advance(s);
}
