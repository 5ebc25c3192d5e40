/*
 * queue_smtp.c - the table of records from smtp, and who may send which when.
 *
 * Believed of smtp: what a client said, and nothing about who it is. It breaks the rules by asking while an
 * answer is due or by naming a session that it has not opened; then the whole connection ends, and smtp
 * starts anew.
 */
#include "relay/queue_smtp.h"

#include "relay/queue_session.h"

#include "base/log.h"

#include <stdlib.h>
#include <unistd.h>

#define BUCKETS 1024

struct smtp_conn {
    struct queue *q;
    struct chan *chan;
    struct session *buckets[BUCKETS];
    unsigned n;
};

static struct session **find(struct smtp_conn *c, uint32_t id)
{
    struct session **p = &c->buckets[id % BUCKETS];
    while (*p && (*p)->id != id)
        p = &(*p)->next;
    return p;
}

static void close_session(struct smtp_conn *c, struct session **p)
{
    struct session *s = *p;
    *p = s->next;
    c->n--;
    session_free(s);
}

static void end(struct smtp_conn *c)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (c->buckets[i])
            close_session(c, &c->buckets[i]);
    chan_free(c->chan);
    free(c);
}

static bool open_session(struct smtp_conn *c, uint32_t id, struct msg_in *in)
{
    struct session **p = find(c, id);
    if (!*p && c->n >= SMTP_SESSIONS_MAX)
        return false;
    if (!*p) {
        *p = session_new(c->q, c->chan, id);
        c->n++;
    }
    session_open(*p, in);
    return true;
}

static bool handle(struct smtp_conn *c, struct msg_in *in)
{
    static const struct {
        void (*fn)(struct session *s, struct msg_in *in);
        bool any_time; /* also while an answer is due */
    } table[] = {
        [QUEUE_AUTH - QUEUE_OPEN] = {session_auth, false},
        [QUEUE_MAIL - QUEUE_OPEN] = {session_mail, false},
        [QUEUE_RCPT - QUEUE_OPEN] = {session_rcpt, false},
        [QUEUE_DATA - QUEUE_OPEN] = {session_data, false},
        [QUEUE_GROW - QUEUE_OPEN] = {session_grow, false},
        [QUEUE_COMMIT - QUEUE_OPEN] = {session_commit, false},
        [QUEUE_RSET - QUEUE_OPEN] = {session_rset, true},
    };
    uint32_t id = msg_get_u32(in);
    if (in->type == QUEUE_OPEN)
        return open_session(c, id, in) && msg_end(in);
    struct session **p = find(c, id);
    if (in->type == QUEUE_CLOSE) {
        if (*p)
            close_session(c, p);
        return msg_end(in);
    }
    unsigned row = in->type - QUEUE_OPEN;
    if (!*p || in->type < QUEUE_OPEN || row >= sizeof table / sizeof table[0] || !table[row].fn)
        return false;
    if (session_busy(*p) && !table[row].any_time)
        return false;
    table[row].fn(*p, in);
    return msg_end(in);
}

static void on_record(struct chan *ch, struct msg_in *in, void *arg)
{
    struct smtp_conn *c = arg;
    (void)ch;
    if (in && handle(c, in))
        return;
    if (in)
        log_error("smtp broke the rules with record %u: its connection is closed", in->type);
    end(c);
}

void smtp_accept(struct queue *q, int fd)
{
    struct smtp_conn *c = xcalloc(1, sizeof *c);
    uid_t uid;
    pid_t pid;
    c->q = q;
    c->chan = chan_new(q->loop, fd, on_record, c);
    if (chan_peer(c->chan, &uid, &pid) == 0 && uid == q->smtp_uid)
        return;
    log_error("somebody with uid %u, who is not smtp, connected to the queue: turned away", (unsigned)uid);
    end(c);
}
