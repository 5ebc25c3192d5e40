/*
 * remote_smtp.c - the dialogue with the smarthost, read from top to bottom. uid posthouse-net2.
 *
 * connect, greeting, EHLO, STARTTLS and EHLO again, AUTH PLAIN, MAIL, RCPT..., DATA, QUIT. Deadlines are
 * those of RFC 5321 4.5.3.2. A recipient's verdict is the reply to its RCPT if that was a refusal, else the
 * reply to the end of data. A connection that breaks after the final dot leaves it open whether the server
 * has the message: it is tried again, and may arrive twice. What a reply says goes into verdicts as text
 * without control characters (remote_reply.c).
 */
#include "relay/remote_smtp.h"

#include "relay/remote_body.h"
#include "relay/remote_wire.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>

enum { T_CONNECT = 30, T_REPLY = 300, T_TLS = 60, T_DATA = 120, T_BLOCK = 180, T_END = 600, T_QUIT = 5 };

#define COMMAND_MAX 1024 /* octets of one command line */
#define CHUNK       32768
#define TEXT_MAX    400

struct dialogue {
    struct remote_job *job;
    struct wire *wire;
    struct reply reply;
    bool eightbit, size, utf8, plain;
    bool dead;           /* say no more on this connection, not even QUIT */
    uint64_t size_limit; /* 0: none said */
};

/* ---- verdicts ---- */

static void set_verdict(struct remote_job *job, size_t i, int code, const char *text)
{
    free(job->texts[i]);
    job->texts[i] = xstrdup(text);
    job->codes[i] = code;
}

/* For all that have none yet. */
static void set_all(struct remote_job *job, int code, const char *text)
{
    for (size_t i = 0; i < job->nrcpts; i++)
        if (!job->codes[i])
            set_verdict(job, i, code, text);
}

/* Does the reply's text start with an enhanced code of its own class? */
static bool has_enhanced(const struct reply *r)
{
    size_t n = strspn(r->text.data, "0123456789.");
    return n >= 5 && r->text.data[0] == '0' + r->code / 100 && r->text.data[1] == '.';
}

static void describe(struct strbuf *out, const struct remote_job *job, const struct reply *r)
{
    char first[TEXT_MAX];
    snprintf(first, sizeof first, "%s", r->text.data);
    for (char *p = first; *p; p++)
        if (*p == '\n')
            *p = ' ';
    if (!has_enhanced(r))
        strbuf_addf(out, "%d.0.0 ", r->code / 100);
    strbuf_addf(out, "%s (said %s)", first, job->host);
}

static void set_from_reply(struct dialogue *d, size_t i)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    describe(&text, d->job, &d->reply);
    set_verdict(d->job, i, d->reply.code, text.data);
}

/* The server refuses the transaction: all recipients have its word. A 3xx where none belongs counts as
 * "later". */
static int refuse_all(struct dialogue *d)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    describe(&text, d->job, &d->reply);
    set_all(d->job, d->reply.code >= 400 ? d->reply.code : 451, text.data);
    return -1;
}

static int broken(struct dialogue *d, const char *status, const struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    strbuf_addf(&text, "%s %s: %s", status, d->job->host, e->text);
    set_all(d->job, *status == '5' ? 554 : 451, text.data);
    d->dead = true;
    return -1;
}

/* ---- commands ---- */

/* The one writer of command lines: a control character in an argument stops it. */
static int command(struct dialogue *d, unsigned seconds, const char *verb, struct bytes path,
                   const char *tail)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(COMMAND_MAX);
    struct err e;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127) {
            err_set(&e, ERR_INVALID, "an address with control characters");
            return broken(d, "5.1.3", &e);
        }
    strbuf_adds(&line, verb);
    if (path.p)
        strbuf_addf(&line, "<" BYTES_FMT ">", BYTES_ARG(path));
    strbuf_addf(&line, "%s\r\n", tail);
    if (line.overflow) {
        err_set(&e, ERR_LIMIT, "a command of more than %d octets", COMMAND_MAX);
        return broken(d, "5.5.4", &e);
    }
    if (wire_send(d->wire, strbuf_bytes(&line), T_REPLY, &e) || wire_reply(d->wire, &d->reply, seconds, &e))
        return broken(d, "4.4.2", &e);
    return 0;
}

static const struct bytes NO_PATH = {NULL, 0};

static int ehlo(struct dialogue *d)
{
    struct bytes p = BYTES("");
    AUTO_STRBUF struct strbuf verb = STRBUF_INIT(COMMAND_MAX);
    strbuf_addf(&verb, "EHLO %s", d->job->helo);
    if (command(d, T_REPLY, verb.data, NO_PATH, ""))
        return -1;
    if (d->reply.code / 100 != 2)
        return refuse_all(d);
    d->eightbit = reply_keyword(&d->reply, "8BITMIME", NULL);
    d->utf8 = reply_keyword(&d->reply, "SMTPUTF8", NULL);
    d->size = reply_keyword(&d->reply, "SIZE", &p);
    d->size_limit = 0;
    bytes_to_u64(p, UINT64_MAX, &d->size_limit);
    d->plain = false;
    if (reply_keyword(&d->reply, "AUTH", &p))
        while (p.p)
            d->plain |= bytes_eq_nocase(bytes_split(&p, ' '), BYTES("PLAIN"));
    return 0;
}

static int tls(struct dialogue *d)
{
    struct err e;
    return wire_start_tls(d->wire, d->job->host, T_TLS, &e) ? broken(d, "4.7.5", &e) : 0;
}

static int greet(struct dialogue *d)
{
    struct err e;
    d->wire = wire_connect(d->job->host, d->job->port, T_CONNECT, &e);
    if (!d->wire)
        return broken(d, "4.4.1", &e);
    if (d->job->tls == RELAY_TLS_IMPLICIT && tls(d))
        return -1;
    if (wire_reply(d->wire, &d->reply, T_REPLY, &e))
        return broken(d, "4.4.1", &e);
    return d->reply.code / 100 == 2 ? 0 : refuse_all(d);
}

static int upgrade(struct dialogue *d)
{
    if (d->job->tls != RELAY_TLS_STARTTLS)
        return 0;
    struct err e;
    if (!reply_keyword(&d->reply, "STARTTLS", NULL)) {
        err_set(&e, ERR_TEMP, "it does not offer STARTTLS, which smarthost_tls asks for");
        return broken(d, "4.7.4", &e);
    }
    if (command(d, T_REPLY, "STARTTLS", NO_PATH, ""))
        return -1;
    if (d->reply.code != 220)
        return refuse_all(d);
    return tls(d) || ehlo(d) ? -1 : 0;
}

/* A refused login is a mistake in our configuration, which somebody will mend: the mail waits. */
static int authenticate(struct dialogue *d)
{
    struct remote_job *job = d->job;
    struct err e;
    if (!*job->user && !*job->password)
        return 0;
    if (!wire_secure(d->wire) && !wire_loopback(d->wire)) {
        err_set(&e, ERR_TEMP, "credentials are not sent without TLS (set smarthost_tls)");
        return broken(d, "4.7.4", &e);
    }
    if (!d->plain) {
        err_set(&e, ERR_TEMP, "it does not offer AUTH PLAIN");
        return broken(d, "4.7.4", &e);
    }
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf token = STRBUF_INIT(512),
                                                               word = STRBUF_INIT(800);
    strbuf_addf(&token, "%c%s%c%s", 0, job->user, 0, job->password);
    strbuf_adds(&word, "AUTH PLAIN ");
    base64_encode(&word, strbuf_bytes(&token));
    if (command(d, T_REPLY, word.data, NO_PATH, ""))
        return -1;
    if (d->reply.code == 235)
        return 0;
    err_set(&e, ERR_TEMP, "it refuses our credentials: %d %.150s", d->reply.code, d->reply.text.data);
    return broken(d, "4.7.8", &e);
}

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

static int mail(struct dialogue *d)
{
    AUTO_STRBUF struct strbuf tail = STRBUF_INIT(256);
    uint64_t size;
    struct err e;
    if (count_size(d->job, &size)) {
        err_set(&e, ERR_TEMP, "the message cannot be read");
        return broken(d, "4.3.0", &e);
    }
    bool utf8 = needs_utf8(d->job);
    if (d->size_limit && size > d->size_limit)
        set_all(d->job, 552, "5.3.4 Message too big for the next server");
    else if (utf8 && !d->utf8)
        set_all(d->job, 550, "5.6.7 Address not in ASCII, and the next server does not take such");
    else {
        if (d->size)
            strbuf_addf(&tail, " SIZE=%llu", (unsigned long long)size);
        strbuf_addf(&tail, "%s%s", d->eightbit ? " BODY=8BITMIME" : "", utf8 ? " SMTPUTF8" : "");
        if (command(d, T_REPLY, "MAIL FROM:", d->job->reverse_path.p ? d->job->reverse_path : BYTES(""),
                    tail.data))
            return -1;
        return d->reply.code / 100 == 2 ? 0 : refuse_all(d);
    }
    return -1;
}

static int recipients(struct dialogue *d)
{
    size_t accepted = 0;
    for (size_t i = 0; i < d->job->nrcpts; i++) {
        if (command(d, T_REPLY, "RCPT TO:", d->job->rcpts[i], ""))
            return -1;
        if (d->reply.code / 100 == 2)
            accepted++;
        else
            set_from_reply(d, i);
        if (d->reply.code / 100 == 3)
            d->job->codes[i] = 451;
    }
    return accepted ? 0 : -1;
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
        if (send_piece(d, &out))
            return -1;
        at += (uint64_t)n;
    }
    body_end(&w, &out);
    return send_piece(d, &out);
}

static int data(struct dialogue *d)
{
    struct err e;
    if (command(d, T_DATA, "DATA", NO_PATH, ""))
        return -1;
    if (d->reply.code != 354)
        return refuse_all(d);
    if (body(d))
        return -1;
    if (wire_reply(d->wire, &d->reply, T_END, &e))
        return broken(d, "4.4.2", &e);
    if (d->reply.code / 100 != 2)
        return refuse_all(d);
    for (size_t i = 0; i < d->job->nrcpts; i++)
        if (!d->job->codes[i])
            set_from_reply(d, i);
    return 0;
}

static int transaction(struct dialogue *d)
{
    return greet(d) || ehlo(d) || upgrade(d) || authenticate(d) || mail(d) || recipients(d) || data(d);
}

void remote_send(struct remote_job *job)
{
    struct dialogue d = {.job = job};
    struct err e;
    reply_init(&d.reply);
    transaction(&d);
    set_all(job, 451, "4.3.0 No answer was understood");
    if (d.wire && !d.dead && wire_send(d.wire, BYTES("QUIT\r\n"), T_QUIT, &e) == 0)
        wire_reply(d.wire, &d.reply, T_QUIT, &e);
    wire_free(d.wire);
    reply_done(&d.reply);
}
