/*
 * remote_main.c - posthouse-remote: takes one job after another from the queue and says what became of each
 * recipient.
 *
 * Started by relayd as posthouse-net2 with the socket on descriptor 0 and the log on 3. Sequential: while a
 * job is done nothing else is looked at. A connection is kept for two seconds. Ends when the queue closes the socket or has nothing for a minute.
 */
#include "relay/remote_smtp.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>

#define IDLE_MS (60 * 1000)
#define KEEP_MS 2000 /* a connection without a message */

/* "mail.example.org:587", "[2001:db8::1]:25" */
static bool split_smarthost(const char *smarthost, char **host, char **port)
{
    const char *colon = strrchr(smarthost, ':');
    size_t n = colon ? (size_t)(colon - smarthost) : 0;
    if (!n || !colon[1])
        return false;
    bool brackets = smarthost[0] == '[' && smarthost[n - 1] == ']' && n > 2;
    *host = bytes_dup(brackets ? bytes_from(smarthost + 1, n - 2) : bytes_from(smarthost, n));
    *port = xstrdup(colon + 1);
    return true;
}

static void job_done(struct remote_job *job)
{
    for (size_t i = 0; job->texts && i < job->nrcpts; i++)
        free(job->texts[i]);
    if (job->password)
        explicit_bzero(job->password, strlen(job->password));
    free(job->host);
    free(job->port);
    free(job->user);
    free(job->password);
    free(job->helo);
    free(job->rcpts);
    free(job->orcpts);
    free(job->notify);
    free(job->codes);
    free(job->texts);
    cleanup_close(&job->fd);
}

/* Paths are borrowed from the record. */
static bool get_job(struct msg_in *in, struct remote_job *job, uint32_t *id)
{
    *id = msg_get_u32(in);
    AUTO_FREE char *smarthost = msg_get_str(in);
    job->tls = (enum relay_tls)msg_get_u32(in);
    job->user = msg_get_str(in);
    job->password = msg_get_str(in);
    job->helo = msg_get_str(in);
    job->reverse_path = msg_get_bytes(in);
    job->ret = (enum envelope_ret)msg_get_u32(in);
    job->envid = msg_get_bytes(in);
    job->nrcpts = msg_get_u32(in);
    if (in->bad || job->nrcpts > REMOTE_RCPT_MAX || !split_smarthost(smarthost, &job->host, &job->port))
        return false;
    job->rcpts = xcalloc(job->nrcpts + 1, sizeof *job->rcpts);
    job->orcpts = xcalloc(job->nrcpts + 1, sizeof *job->orcpts);
    job->notify = xcalloc(job->nrcpts + 1, sizeof *job->notify);
    job->codes = xcalloc(job->nrcpts + 1, sizeof *job->codes);
    job->texts = xcalloc(job->nrcpts + 1, sizeof *job->texts);
    for (size_t i = 0; i < job->nrcpts; i++) {
        job->rcpts[i] = msg_get_bytes(in);
        job->notify[i] = msg_get_u32(in);
        job->orcpts[i] = msg_get_bytes(in);
    }
    job->offset = msg_get_u64(in);
    job->size = msg_get_u64(in);
    job->fd = msg_get_fd(in);
    return msg_end(in);
}

static int answer(const struct remote_job *job, uint32_t id)
{
    for (size_t i = 0; i < job->nrcpts; i++) {
        AUTO_MSG struct msg m;
        msg_init(&m, SENT);
        msg_put_u32(&m, id);
        msg_put_u32(&m, (uint32_t)i);
        msg_put_u32(&m, (uint32_t)job->codes[i]);
        msg_put_str(&m, job->texts[i]);
        msg_put_u32(&m, job->relayed);
        if (msg_send(0, &m))
            return -1;
    }
    AUTO_MSG struct msg m;
    msg_init(&m, SENT_ALL);
    msg_put_u32(&m, id);
    return msg_send(0, &m);
}

static int serve(struct msg_in *in)
{
    struct remote_job job = {.fd = -1};
    uint32_t id;
    if (in->type != SEND || !get_job(in, &job, &id))
        log_fatal("malformed record %u from the queue", in->type);
    remote_send(&job);
    int r = answer(&job, id);
    job_done(&job);
    return r;
}

int main(void)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg_in in;
    log_init_child("remote", CHILD_LOG_FD);
    signal(SIGPIPE, SIG_IGN);
    if (prctl(PR_SET_DUMPABLE, 0))
        log_fatal("prctl: %m");
    for (;;) {
        int got = msg_recv(0, &buf, &in, remote_connected() ? KEEP_MS : IDLE_MS);
        if (got < 0 && errno == EAGAIN && remote_connected()) {
            remote_hang_up();
            continue;
        }
        if (got != 1)
            break;
        int r = serve(&in);
        msg_in_done(&in);
        if (r)
            return 1;
    }
    remote_hang_up();
    return 0;
}
