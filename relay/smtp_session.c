/*
 * smtp_session.c - the life of one SMTP client: what it sent, in which state, and what comes next. See smtp.h
 * for the states.
 *
 * Every callback (stream, queue, auth) ends in smtp_proceed, the only place where a session is freed.
 */
#include "relay/smtp.h"

#include "base/census.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_CAP  65536
#define OUT_CAP 65536
#define BUCKETS 4096

#define REFUSED_LOG_MS 1000 /* thousands may be refused in a second: the first is named */

static struct smtp_session *buckets[BUCKETS];
static unsigned nsessions;
static uint32_t last_id;
static bool draining;

unsigned smtp_sessions(void)
{
    return nsessions;
}

struct smtp_session *smtp_find(uint32_t id)
{
    struct smtp_session *s = buckets[id % BUCKETS];
    while (s && s->id != id)
        s = s->next;
    return s;
}

void smtp_reply(struct smtp_session *s, const char *fmt, ...)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(2048);
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&line, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < line.len;
         i++) /* what a stranger said may be part of a reply: never a line of its own */
        if ((unsigned char)line.data[i] < ' ' || (unsigned char)line.data[i] > '~')
            line.data[i] = '?';
    strbuf_adds(&line, "\r\n");
    io_write(s->io, line.data, line.len);
    s->replied = loop_now(smtp_loop());
}

unsigned smtp_verdicts(const struct smtp_session *s)
{
    return s->lmtp && s->recipients ? s->recipients : 1;
}

void smtp_count_error(struct smtp_session *s)
{
    if (++s->errors < SMTP_ERRORS_MAX || s->fatal)
        return;
    smtp_reply(s, "421 4.7.0 Too many errors");
    log_info("remote=%s: too many errors, closed", s->peer);
    s->fatal = true;
}

void smtp_reset(struct smtp_session *s)
{
    if (s->has_mail || s->fd >= 0)
        smtp_link_reset(s);
    smtp_data_forget(s);
    free(s->recipient);
    free(s->reverse_path);
    s->recipient = s->reverse_path = NULL;
    s->has_mail = s->smtputf8 = false;
    s->recipients = 0;
}

static void session_free(struct smtp_session *s)
{
    struct smtp_session **p = &buckets[s->id % BUCKETS];
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    nsessions--;
    census_leave(smtp_census(), s->place);
    if (s->auth)
        auth_cancel(s->auth);
    smtp_data_forget(s);
    smtp_link_close(s);
    io_finish(s->io);
    free(s->helo);
    free(s->user);
    free(s->candidate);
    free(s->recipient);
    free(s->reverse_path);
    free(s);
    smtp_session_gone();
}

/* ---- going on ---- */

static void read_command(struct smtp_session *s, struct bytes line)
{
    if (s->state == SMTP_AUTH_LINE)
        smtp_auth_line(s, line);
    else
        smtp_command(s, line);
}

/* One line, if there is a whole one. False: nothing more to do now. */
static bool read_line(struct smtp_session *s)
{
    struct bytes line;
    size_t max = s->state == SMTP_AUTH_LINE ? AUTH_SASL_MAX : SMTP_LINE_MAX;
    int r = io_line(s->io, max, false, &line);
    if (r == 0)
        return false;
    if (r == -1)
        smtp_reply(s, "500 5.5.2 The line is too long");
    if (r == 1 && memchr(line.p, '\0', line.n)) {
        smtp_reply(s, "500 5.5.2 A line holds no NUL");
        r = -3;
    }
    if (r == -2)
        smtp_reply(s, "500 5.5.2 Lines end in CR LF, nothing else");
    if (r < 0)
        s->fatal = true; /* where the next command starts is not known any more */
    else
        read_command(s, line);
    return true;
}

static bool is_idle(const struct smtp_session *s)
{
    return s->state == SMTP_COMMAND || s->state == SMTP_AUTH_LINE;
}

static bool in_message(const struct smtp_session *s)
{
    return s->state == SMTP_DATA || s->state == SMTP_CHUNK;
}

static uint64_t left(uint64_t until, uint64_t now)
{
    return until > now ? until - now : 1;
}

/* A client that sends an octet now and then must not stay for ever: the wait for a command counts from the reply before it. */
static uint64_t patience(const struct smtp_session *s)
{
    uint64_t now = loop_now(smtp_loop());
    uint64_t line = left(s->replied + (uint64_t)smtp_conf->smtp_timeout * 1000, now);
    uint64_t message = left(s->data_since + SMTP_DATA_ALL_MS, now);
    if (in_message(s))
        return message < SMTP_DATA_MS ? message : SMTP_DATA_MS;
    return is_idle(s) ? line : SMTP_WAIT_MS;
}

void smtp_proceed(struct smtp_session *s)
{
    while (!s->fatal) {
        if (s->state == SMTP_DATA)
            smtp_data_input(s);
        else if (s->state == SMTP_CHUNK)
            smtp_chunk_input(s);
        else if (!is_idle(s) || !read_line(s))
            break;
        if (in_message(s) && !io_input(s->io).n && !(s->state == SMTP_CHUNK && !s->chunk_left))
            break;
    }
    if (s->eof && (is_idle(s) || s->state == SMTP_GREET || in_message(s) || s->state == SMTP_TLS))
        s->fatal = true;
    if (draining && s->state == SMTP_COMMAND && !s->has_mail && !s->fatal) {
        smtp_reply(s, "421 4.3.2 The server is going down");
        s->fatal = true;
    }
    if (s->fatal)
        session_free(s);
    else
        io_deadline(s->io, patience(s));
}

static void greet(struct smtp_session *s)
{
    smtp_reply(s, "220 %s %s Posthouse", smtp_conf->site.hostname, s->lmtp ? "LMTP" : "ESMTP");
    s->state = SMTP_COMMAND;
}

static void secured(struct smtp_session *s)
{
    s->state = SMTP_COMMAND;
    if (s->greeting_owed)
        greet(s);
    s->greeting_owed = false;
}

/* RFC 5321 4.3.1: a client waits for the greeting; what does not is no mail server. */
static void end_early(struct smtp_session *s)
{
    smtp_reply(s, "554 5.5.1 Wait for the greeting");
    log_info("remote=%s: spoke before the greeting, closed", s->peer);
    s->fatal = true;
}

static void on_io(struct io *io, enum io_event event, void *arg)
{
    struct smtp_session *s = arg;
    switch (event) {
    case IO_SECURED:
        secured(s);
        break;
    case IO_INPUT:
        if (s->state == SMTP_GREET)
            end_early(s);
        break;
    case IO_DRAINED:
        break;
    case IO_EOF:
        s->eof = true;
        break;
    case IO_TIMEOUT:
        if (s->state == SMTP_GREET) {
            greet(s);
            break;
        }
        smtp_reply(s, "421 4.4.2 Timeout");
        s->fatal = true;
        break;
    case IO_ERROR:
        log_debug("remote=%s: %s", s->peer, io_error(io));
        s->fatal = true;
        break;
    }
    smtp_proceed(s);
}

/* ---- beginning and end ---- */

static void turn_away(int fd, const char *text)
{
    ssize_t n = write(fd, text, strlen(text));
    (void)n; /* whoever does not hear it notices the closed connection */
    close(fd);
}

/* NULL: it is in, over all processes. */
static const char *no_room(const char *peer, uint32_t *place)
{
    static uint64_t logged_at;
    uint32_t all = (uint32_t)smtp_conf->max_connections;
    bool trusted = site_trusted(&smtp_conf->site, peer);
    struct census_limits limits = {
        .all = all, .waiting = all, .net = trusted ? 0 : (uint32_t)smtp_conf->max_connections_per_address};
    enum census_verdict verdict = census_enter(smtp_census(), census_net(peer), &limits, place);
    if (verdict == CENSUS_IN)
        return NULL;
    const char *why = verdict == CENSUS_NET
                          ? "421 4.7.0 Too many connections from your address, try again later\r\n"
                          : "421 4.3.2 Too many connections, try again later\r\n";
    if (loop_now(smtp_loop()) - logged_at > REFUSED_LOG_MS)
        log_warn("refused service=smtp remote=%s reason=\"%.*s\"", peer, (int)strlen(why) - 2, why);
    logged_at = loop_now(smtp_loop());
    return why;
}

bool smtp_secure(const struct smtp_session *s)
{
    return s->proxied_tls || io_secure(s->io);
}

void smtp_accepted(int fd, const char *service, const char *peer, bool tls)
{
    if (auth_client_banned(smtp_auth_client(), peer)) {
        close(fd);
        return;
    }
    uint32_t place;
    const char *refusal = draining ? "421 4.3.2 The server is going down\r\n" : no_room(peer, &place);
    if (refusal) {
        turn_away(fd, refusal);
        return;
    }
    struct smtp_session *s = xcalloc(1, sizeof *s);
    *s = (struct smtp_session){.id = ++last_id,
                               .fd = -1,
                               .submission = !strncmp(service, "submission", 10),
                               .lmtp = !strcmp(service, "lmtp"),
                               .proxied_tls = tls,
                               .place = place};
    snprintf(s->peer, sizeof s->peer, "%s", peer);
    s->xclient = smtp_xclient_allowed(peer);
    smtp_data_init(s);
    s->next = buckets[s->id % BUCKETS];
    buckets[s->id % BUCKETS] = s;
    nsessions++;
    s->io = io_new(smtp_loop(), fd, IN_CAP, OUT_CAP, on_io, s);
    io_deadline(s->io, SMTP_WAIT_MS);
    if (!s->submission && smtp_conf->greeting_delay && !site_trusted(&smtp_conf->site, peer)) {
        s->state = SMTP_GREET;
        io_deadline(s->io, (uint64_t)smtp_conf->greeting_delay * 1000);
    } else if (strcmp(service, "submissions")) {
        greet(s);
    } else if (smtp_tls()) {
        s->state = SMTP_TLS;
        s->greeting_owed = true;
        io_start_tls(s->io, smtp_tls(), "smtp esmtp");
    } else {
        s->fatal = true;
        smtp_proceed(s);
    }
}

static void for_each(void (*fn)(struct smtp_session *s))
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct smtp_session *s = buckets[i], *next; s; s = next) {
            next = s->next;
            fn(s);
        }
}

/* queue is gone, and with it what it knew. */
static void lose_queue(struct smtp_session *s)
{
    bool concerned = s->has_mail || s->user || s->state == SMTP_QUEUE || s->state == SMTP_DATA_WAIT ||
                     (s->state == SMTP_AUTH && !s->auth);
    s->opened = false;
    if (!concerned)
        return;
    smtp_reply(s, "421 4.3.0 The queue was restarted, try again");
    s->fatal = true;
    smtp_proceed(s);
}

void smtp_queue_lost(void)
{
    for_each(lose_queue);
}

void smtp_drain(void)
{
    draining = true;
    for_each(smtp_proceed);
}
