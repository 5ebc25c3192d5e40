/*
 * smtp_link.c - smtp's one connection to queue, reopened with back-off; the wrapper of each record
 * (relay_msg.h).
 *
 * queue forgets a session with the connection. A client that had begun something or logged in is told to come
 * back later; the others notice nothing.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "relay/relay_msg.h"
#include "relay/smtp.h"
#include "relay/smtp_params.h"

#include <stdlib.h>

#define RETRY_MS 200
#define AGAIN_MS                                                                                             \
    10 /* after a loss: relayd still listens for a queue that is being restarted, and requests wait there */

static struct loop *loop;
static struct chan *chan;
static char *socket_path;
static struct timer retry;

/* ---- answers ---- */

static void reply_lines(struct smtp_session *s, uint32_t code, struct bytes text)
{
    while (text.p) {
        struct bytes line = bytes_split(&text, '\n');
        smtp_reply(s, "%u%c" BYTES_FMT, code, text.p ? '-' : ' ', BYTES_ARG(line));
    }
}

static void handle_reply(struct smtp_session *s, struct msg_in *in)
{
    uint32_t code = msg_get_u32(in);
    struct bytes text = msg_get_bytes(in);
    if (!msg_end(in) || code < 200 || code > 599)
        log_fatal("malformed reply from queue");
    if (s->state == SMTP_AUTH) {
        smtp_auth_redeemed(s, code, text);
        return;
    }
    enum smtp_state was = s->state;
    for (unsigned i = was == SMTP_COMMIT ? smtp_verdicts(s) : 1; i > 0; i--)
        reply_lines(s, code, text);
    bool chunking = s->chunking && (was == SMTP_DATA_WAIT || was == SMTP_GROW);
    if (was == SMTP_COMMIT || was == SMTP_GROW || was == SMTP_DATA_WAIT)
        smtp_reset(s);
    s->state = SMTP_COMMAND;
    if (chunking)
        smtp_chunk_drop(s);
    else if (was == SMTP_GROW) /* the rest of the message is still coming: it cannot be told from commands */
        s->fatal = true;
    if (code >= 400 && was == SMTP_QUEUE)
        smtp_count_error(s);
    smtp_proceed(s);
}

/* LMTP: what each recipient gets to hear. */
static void handle_verdicts(struct smtp_session *s, struct msg_in *in)
{
    for (unsigned i = smtp_verdicts(s); i > 0; i--) {
        uint32_t code = msg_get_u32(in);
        struct bytes text = msg_get_bytes(in);
        if (code < 200 || code > 599)
            log_fatal("malformed verdicts from queue");
        reply_lines(s, code, text);
    }
    if (!msg_end(in) || s->state != SMTP_COMMIT)
        log_fatal("malformed verdicts from queue");
    smtp_reset(s);
    s->state = SMTP_COMMAND;
    smtp_proceed(s);
}

static void handle_fd(struct smtp_session *s, struct msg_in *in)
{
    uint64_t cap = msg_get_u64(in);
    int fd = msg_get_fd(in);
    if (!msg_end(in) || fd < 0)
        log_fatal("malformed place from queue");
    if (s->state == SMTP_DATA_WAIT)
        smtp_data_begin(s, fd, cap);
    else if (s->state == SMTP_GROW)
        smtp_data_grown(s, fd, cap);
    else
        close(fd);
}

static bool is_waiting(const struct smtp_session *s)
{
    return s->state == SMTP_QUEUE || s->state == SMTP_DATA_WAIT || s->state == SMTP_GROW ||
           s->state == SMTP_COMMIT || (s->state == SMTP_AUTH && !s->auth);
}

/* Successes of MAIL and RCPT are what the session counts. */
static void note_success(struct smtp_session *s, const struct msg_in *in)
{
    struct msg_in copy = *in;
    copy.nfds = copy.next_fd = 0;
    uint32_t code = msg_get_u32(&copy);
    if (s->state != SMTP_QUEUE || code != 250)
        return;
    if (s->has_mail)
        s->recipients++;
    s->has_mail = true;
}

static void on_record(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)ch;
    (void)arg;
    if (!in) {
        chan_free(chan);
        chan = NULL;
        timer_set(loop, &retry, AGAIN_MS);
        smtp_queue_lost();
        return;
    }
    uint16_t type = in->type;
    struct smtp_session *s = smtp_find(msg_get_u32(in));
    if (!s || !is_waiting(s))
        return; /* it has gone away meanwhile */
    if (type == QUEUE_REPLY) {
        note_success(s, in);
        handle_reply(s, in);
    } else if (type == QUEUE_VERDICTS) {
        handle_verdicts(s, in);
    } else if (type == QUEUE_FD) {
        handle_fd(s, in);
    } else {
        log_fatal("unknown record %u from queue", type);
    }
}

static void connect_now(void *arg)
{
    (void)arg;
    int fd = msg_connect(socket_path);
    if (fd < 0)
        timer_set(loop, &retry, RETRY_MS);
    else
        chan = chan_new(loop, fd, on_record, NULL);
}

void smtp_link_start(struct loop *l, const char *path)
{
    loop = l;
    socket_path = xstrdup(path);
    timer_init(&retry, connect_now, NULL);
    connect_now(NULL);
}

/* ---- requests ---- */

static bool begin(struct smtp_session *s, struct msg *m, uint16_t type)
{
    if (!chan || (!s->opened && type != QUEUE_OPEN && !smtp_link_open(s)))
        return false;
    msg_init(m, type);
    msg_put_u32(m, s->id);
    return true;
}

static bool finish(struct msg *m)
{
    chan_send(chan, m);
    msg_done(m);
    return true;
}

bool smtp_link_open(struct smtp_session *s)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_OPEN))
        return false;
    msg_put_str(&m, s->peer);
    msg_put_str(&m, s->helo);
    msg_put_str(&m, s->submission ? "submission" : s->lmtp ? "lmtp" : "smtp");
    s->opened = true;
    return finish(&m);
}

bool smtp_link_auth(struct smtp_session *s, struct bytes ticket)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_AUTH))
        return false;
    msg_put_bytes(&m, ticket);
    return finish(&m);
}

bool smtp_link_mail(struct smtp_session *s, struct bytes path, const struct mail_params *params)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_MAIL))
        return false;
    msg_put_bytes(&m, path);
    msg_put_u64(&m, params->size);
    msg_put_u32(&m, params->body8bit);
    msg_put_u32(&m, params->smtputf8);
    msg_put_u32(&m, params->ret);
    msg_put_bytes(&m, params->envid);
    return finish(&m);
}

bool smtp_link_rcpt(struct smtp_session *s, struct bytes path, const struct rcpt_params *params)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_RCPT))
        return false;
    msg_put_bytes(&m, path);
    msg_put_u32(&m, params->notify);
    msg_put_bytes(&m, params->orcpt);
    return finish(&m);
}

bool smtp_link_data(struct smtp_session *s)
{
    struct msg m;
    return begin(s, &m, QUEUE_DATA) && finish(&m);
}

bool smtp_link_grow(struct smtp_session *s)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_GROW))
        return false;
    msg_put_u64(&m, s->written);
    return finish(&m);
}

bool smtp_link_commit(struct smtp_session *s)
{
    struct msg m;
    if (!begin(s, &m, QUEUE_COMMIT))
        return false;
    msg_put_u64(&m, s->written);
    return finish(&m);
}

void smtp_link_reset(struct smtp_session *s)
{
    struct msg m;
    if (s->opened && begin(s, &m, QUEUE_RSET))
        finish(&m);
}

void smtp_link_close(struct smtp_session *s)
{
    struct msg m;
    if (s->opened && begin(s, &m, QUEUE_CLOSE))
        finish(&m);
    s->opened = false;
}
