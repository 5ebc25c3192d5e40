/*
 * remote_smtp.c - the dialogue with the smarthost, read from top to bottom. uid posthouse-net2.
 *
 * connect, greeting, EHLO, STARTTLS and EHLO again, AUTH PLAIN, then for each message MAIL, RCPT..., DATA, at last QUIT. Where
 * the server can, MAIL to DATA go in one piece (RFC 2920). A connection on which a message was taken is kept; when it turns
 * out to be dead at the next MAIL, that message starts anew on a fresh one. Deadlines are those of RFC 5321 4.5.3.2. A recipient's verdict is the reply to its RCPT if that was a refusal, else the
 * reply to the end of data. A connection that breaks after the final dot leaves it open whether the server
 * has the message: it is tried again, and may arrive twice. What a reply says goes into verdicts as text
 * without control characters (remote_reply.c).
 */
#include "relay/remote_smtp.h"

#include "relay/remote_body.h"
#include "relay/remote_dialogue.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>

#define CHUNK 32768

#define MESSAGES_MAX 100          /* on one connection */
#define PIPELINE_MAX (128u << 10) /* octets of commands in one piece */

/* What is kept between messages. */
static struct kept {
    struct wire *wire; /* NULL: nothing */
    char *host, *port, *user;
    enum relay_tls tls;
    unsigned messages;
    struct dialogue can; /* what EHLO said */
} kept;

/* ---- the transaction ---- */

/* Octets on the wire, without dots stuffed: RFC 1870 counts CRLF as two. */
static int count_size(const struct remote_job *job, uint64_t *wire_size)
{
    AUTO_FREE char *buf = xcalloc(1, CHUNK);
    uint64_t lines = 0;
    for (uint64_t at = 0; at < job->size;) {
        uint64_t left = job->size - at;
        ssize_t n = fs_pread_all(job->fd, buf, left < CHUNK ? left : CHUNK, (off_t)(job->offset + at));
        if (n <= 0)
            return -1;
        for (const char *p = buf, *end = buf + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
            lines++;
        at += (uint64_t)n;
    }
    *wire_size = job->size + lines;
    return 0;
}

static bool needs_utf8(const struct remote_job *job)
{
    bool ascii = text_is_ascii(job->reverse_path);
    for (size_t i = 0; i < job->nrcpts; i++)
        ascii = ascii && text_is_ascii(job->rcpts[i]);
    return !ascii;
}

/* "MAIL FROM:<...> ..." or, if the server cannot take this message, -1 with verdicts. */
static int mail_line(struct dialogue *d, struct strbuf *line)
{
    const struct remote_job *job = d->job;
    uint64_t size;
    struct err e;
    if (count_size(job, &size)) {
        err_set(&e, ERR_TEMP, "the message cannot be read");
        return broken(d, "4.3.0", &e);
    }
    bool utf8 = needs_utf8(job);
    d->clean = true; /* as long as nothing is said */
    if (d->size_limit && size > d->size_limit)
        return set_all(d->job, 552, "5.3.4 Message too big for the next server"), -1;
    if (utf8 && !d->utf8)
        return set_all(d->job, 550, "5.6.7 Address not in ASCII, and the next server does not take such"), -1;
    d->clean = false;
    strbuf_addf(line, "MAIL FROM:<" BYTES_FMT ">", BYTES_ARG(job->reverse_path));
    if (d->size)
        strbuf_addf(line, " SIZE=%llu", (unsigned long long)size);
    strbuf_addf(line, "%s%s", d->eightbit ? " BODY=8BITMIME" : "", utf8 ? " SMTPUTF8" : "");
    if (d->dsn && job->ret)
        strbuf_addf(line, " RET=%s", job->ret == RET_FULL ? "FULL" : "HDRS");
    if (d->dsn && job->envid.n)
        strbuf_addf(line, " ENVID=" BYTES_FMT, BYTES_ARG(job->envid));
    return 0;
}

static void rcpt_line(const struct dialogue *d, size_t i, struct strbuf *line)
{
    static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    unsigned notify = d->job->notify[i];
    const char *before = " NOTIFY=";
    strbuf_addf(line, "RCPT TO:<" BYTES_FMT ">", BYTES_ARG(d->job->rcpts[i]));
    for (unsigned k = 0; d->dsn && k < 4; k++)
        if (notify & 1u << k) {
            strbuf_addf(line, "%s%s", before, words[k]);
            before = ",";
        }
    if (d->dsn && d->job->orcpts[i].n)
        strbuf_addf(line, " ORCPT=" BYTES_FMT, BYTES_ARG(d->job->orcpts[i]));
}

/* No control character reaches a command line. */
static int check_paths(struct dialogue *d)
{
    const struct remote_job *job = d->job;
    bool fine = path_is_clean(job->reverse_path) && path_is_clean(job->envid);
    for (size_t i = 0; i < job->nrcpts; i++)
        fine = fine && path_is_clean(job->rcpts[i]) && path_is_clean(job->orcpts[i]);
    struct err e;
    err_set(&e, ERR_INVALID, "an address with control characters");
    return fine ? 0 : broken(d, "5.1.3", &e);
}

/* The lines of the transaction up to DATA, each with CRLF. */
static int make_lines(struct dialogue *d, struct strbuf *lines)
{
    if (check_paths(d) || mail_line(d, lines))
        return -1;
    strbuf_adds(lines, "\r\n");
    for (size_t i = 0; i < d->job->nrcpts; i++) {
        rcpt_line(d, i, lines);
        strbuf_adds(lines, "\r\n");
    }
    strbuf_adds(lines, "DATA\r\n");
    struct err e;
    err_set(&e, ERR_LIMIT, "more than %u octets of addresses", PIPELINE_MAX);
    return lines->overflow ? broken(d, "4.5.4", &e) : 0;
}

/* The next reply; without pipelining, after its line was sent. */
static int step(struct dialogue *d, struct bytes *lines, unsigned seconds)
{
    struct err e;
    if (!d->pipelining) {
        struct bytes line = bytes_from(lines->p, bytes_index(*lines, '\n') + 1);
        *lines = bytes_skip(*lines, line.n);
        if (wire_send(d->wire, line, T_REPLY, &e))
            return broken(d, "4.4.2", &e);
    }
    return wire_reply(d->wire, &d->reply, seconds, &e) ? broken(d, "4.4.2", &e) : 0;
}

/* How many the server takes, or -1. */
static int recipients(struct dialogue *d, struct bytes *lines)
{
    int accepted = 0;
    for (size_t i = 0; i < d->job->nrcpts; i++) {
        if (step(d, lines, T_REPLY))
            return -1;
        if (d->reply.code / 100 == 2) {
            accepted++;
            continue;
        }
        if (!d->job->codes[i])
            set_from_reply(d, i);
        if (d->reply.code / 100 == 3)
            d->job->codes[i] = 451;
    }
    return accepted;
}

/* MAIL to DATA. 0: the server waits for the message. */
static int envelope(struct dialogue *d)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(PIPELINE_MAX);
    struct err e;
    if (make_lines(d, &text))
        return -1;
    struct bytes lines = strbuf_bytes(&text);
    if (d->pipelining && wire_send(d->wire, lines, T_REPLY, &e))
        return broken(d, "4.4.2", &e);
    if (step(d, &lines, T_REPLY))
        return -1;
    bool refused = d->reply.code / 100 != 2;
    if (refused)
        refuse_all(d);
    if (refused && !d->pipelining)
        return -1;
    int accepted = recipients(d, &lines);
    if (accepted < 0 || (!d->pipelining && !accepted) || step(d, &lines, T_DATA))
        return -1;
    if (d->reply.code == 354 && (refused || !accepted)) {
        d->dead = true; /* it waits for a message for nobody: say no more */
        return -1;
    }
    return d->reply.code == 354 ? 0 : refuse_all(d);
}

static int send_piece(struct dialogue *d, struct strbuf *out)
{
    struct err e;
    if (wire_send(d->wire, strbuf_bytes(out), T_BLOCK, &e))
        return broken(d, "4.4.2", &e);
    strbuf_clear(out);
    return 0;
}

/* A message that cannot be read to its end must not end in a dot: the connection is cut. */
static int body(struct dialogue *d)
{
    AUTO_FREE char *buf = xcalloc(1, CHUNK);
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(2 * CHUNK + 16);
    struct remote_job *job = d->job;
    struct body_writer w = {.in_line = false};
    for (uint64_t at = 0; at < job->size;) {
        uint64_t left = job->size - at;
        ssize_t n = fs_pread_all(job->fd, buf, left < CHUNK ? left : CHUNK, (off_t)(job->offset + at));
        if (n <= 0) {
            set_all(job, 451, "4.3.0 The message cannot be read");
            d->dead = true;
            return -1;
        }
        body_write(&w, &out, bytes_from(buf, (size_t)n));
        at += (uint64_t)n;
        if (at < job->size && send_piece(d, &out))
            return -1;
    }
    body_end(&w, &out);
    return send_piece(d, &out);
}

static int data(struct dialogue *d)
{
    struct err e;
    if (body(d))
        return -1;
    if (wire_reply(d->wire, &d->reply, T_END, &e))
        return broken(d, "4.4.2", &e);
    if (d->reply.code / 100 != 2)
        return refuse_all(d);
    for (size_t i = 0; i < d->job->nrcpts; i++)
        if (!d->job->codes[i])
            set_from_reply(d, i);
    d->job->relayed = !d->dsn;
    d->clean = true;
    return 0;
}

/* ---- connections that are kept ---- */

bool remote_connected(void)
{
    return kept.wire;
}

static void keep_nothing(void)
{
    free(kept.host);
    free(kept.port);
    free(kept.user);
    wire_free(kept.wire);
    kept = (struct kept){.wire = NULL};
}

void remote_hang_up(void)
{
    struct reply reply;
    struct err e;
    if (kept.wire && wire_send(kept.wire, BYTES("QUIT\r\n"), T_QUIT, &e) == 0) {
        reply_init(&reply);
        wire_reply(kept.wire, &reply, T_QUIT, &e);
        reply_done(&reply);
    }
    keep_nothing();
}

static bool leads_there(const struct remote_job *job)
{
    return kept.wire && kept.messages < MESSAGES_MAX && !strcmp(kept.host, job->host) &&
           !strcmp(kept.port, job->port) && !strcmp(kept.user, job->user) && kept.tls == job->tls;
}

static void keep(struct dialogue *d, unsigned messages)
{
    const struct remote_job *job = d->job;
    kept = (struct kept){.wire = TAKE_PTR(d->wire),
                         .host = xstrdup(job->host),
                         .port = xstrdup(job->port),
                         .user = xstrdup(job->user),
                         .tls = job->tls,
                         .messages = messages,
                         .can = *d};
}

/* The dead connection's words are none about this message. */
static void forget_verdicts(struct remote_job *job)
{
    for (size_t i = 0; i < job->nrcpts; i++) {
        free(TAKE_PTR(job->texts[i]));
        job->codes[i] = 0;
    }
}

/* false: the connection was dead before anything could be said, or the server is about to close it. */
static bool send_kept(struct dialogue *d)
{
    struct remote_job *job = d->job;
    struct reply reply = d->reply;
    unsigned messages = kept.messages + 1;
    *d = kept.can;
    d->job = job;
    d->reply = reply;
    d->wire = TAKE_PTR(kept.wire);
    d->dead = d->clean = false;
    keep_nothing();
    bool begun = !envelope(d);
    if (begun)
        data(d);
    if (!begun && !d->clean && (d->dead || d->reply.code == 421)) {
        wire_free(TAKE_PTR(d->wire));
        forget_verdicts(job);
        return false;
    }
    if (d->clean && !d->dead)
        keep(d, messages);
    return true;
}

static void send_fresh(struct dialogue *d)
{
    *d = (struct dialogue){.job = d->job, .reply = d->reply};
    if (dialogue_open(d) || envelope(d) || data(d))
        return;
    keep(d, 1);
}

void remote_send(struct remote_job *job)
{
    struct dialogue d = {.job = job};
    struct err e;
    reply_init(&d.reply);
    if (kept.wire && !leads_there(job))
        remote_hang_up();
    if (!kept.wire || !send_kept(&d))
        send_fresh(&d);
    set_all(job, 451, "4.3.0 No answer was understood");
    if (d.wire && !d.dead && wire_send(d.wire, BYTES("QUIT\r\n"), T_QUIT, &e) == 0)
        wire_reply(d.wire, &d.reply, T_QUIT, &e);
    wire_free(d.wire);
    reply_done(&d.reply);
}
