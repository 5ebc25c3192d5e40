/*
 * queue_ctl_order.c - retry, hold, release, delete: the messages that fit are found in the spool, and the queue process, which
 * owns them, is told their ids a few at a time, so that it is not kept from anything else.
 */
#include "relay/queue_ctl.h"

#include "relay/queue_runner.h"
#include "relay/relay_msg.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MS 60000

struct orders {
    int fd;
    enum runner_order order;
    char ids[ORDER_IDS_MAX][STORE_ID_LEN + 1];
    uint32_t n;
    uint64_t done, asked;
    bool failed;
};

static bool fail(struct orders *o, const char *what)
{
    fprintf(stderr, "posthouse queue: %s\n", what);
    o->failed = true;
    return false;
}

static bool send_batch(struct orders *o)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_MSG struct msg m;
    struct msg_in in;
    msg_init(&m, ORDER);
    msg_put_u32(&m, o->order);
    msg_put_u32(&m, o->n);
    for (uint32_t i = 0; i < o->n; i++)
        msg_put_str(&m, o->ids[i]);
    o->asked += o->n;
    o->n = 0;
    if (msg_send(o->fd, &m) || msg_recv(o->fd, &buf, &in, ANSWER_MS) != 1)
        return fail(o, "the queue does not answer");
    uint32_t code = msg_get_u32(&in);
    AUTO_FREE char *text = msg_get_str(&in);
    bool fine = in.type == SUBMIT_REPLY && msg_end(&in);
    msg_in_done(&in);
    if (!fine || code != 250)
        return fail(o, fine ? text : "the queue's answer is not understood");
    o->done += strtoull(text, NULL, 10);
    return true;
}

static bool add_one(struct ctl *ctl, const struct spooled *m, void *arg)
{
    struct orders *o = arg;
    (void)ctl;
    memcpy(o->ids[o->n++], m->env.id, STORE_ID_LEN + 1);
    return o->n < ORDER_IDS_MAX || send_batch(o);
}

int ctl_order(struct ctl *ctl)
{
    static const char *const words[] = {[RUNNER_RETRY] = "retry",
                                        [RUNNER_HOLD] = "hold",
                                        [RUNNER_RELEASE] = "release",
                                        [RUNNER_DELETE] = "delete"};
    static const char *const done[] = {[RUNNER_RETRY] = "to be tried now",
                                       [RUNNER_HOLD] = "held",
                                       [RUNNER_RELEASE] = "released",
                                       [RUNNER_DELETE] = "deleted"};
    struct orders o = {.order = RUNNER_RETRY};
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    while (strcmp(words[o.order], ctl->verb))
        o.order++;
    strbuf_addf(&path, "%s/submit", ctl->run_dir);
    AUTO_CLOSE int fd = msg_connect(path.data);
    o.fd = fd;
    if (fd < 0) {
        fprintf(stderr, "posthouse queue: %s: %s (is the relay running?)\n", path.data, strerror(errno));
        return EXIT_FAILED;
    }
    if (ctl_each(ctl, add_one, &o) || o.failed || (o.n && !send_batch(&o)))
        return EXIT_FAILED;
    printf("%llu message%s %s\n", (unsigned long long)o.done, o.done == 1 ? "" : "s", done[o.order]);
    return o.done ? 0 : EXIT_NONE;
}
