/*
 * relayd_main.c - posthouse-relayd: root of the relay. Binds the ports, starts smtp and queue, and deliverers
 * when queue asks (relayd_spawn.c). Reads no byte from anyone but them.
 */
#include "relay/relay_conf.h"
#include "relay/relay_msg.h"
#include "relay/relayd_spawn.h"

#include "base/census_master.h"
#include "base/cleanup.h"
#include "base/proxy.h"

#include <stddef.h>

static void queue_message(struct master *m, struct chan *from, struct msg_in *in)
{
    spawn_request(m, from, in);
}

static void send_census(struct master *m, struct chan *to)
{
    census_send(m, to, CENSUS);
}

static const char *const smtp_listeners[] = {"smtp",
                                             "submission",
                                             "submissions",
                                             "smtp" PROXY_WORD,
                                             "submission" PROXY_WORD,
                                             "submissions" PROXY_WORD,
                                             "lmtp",
                                             "lmtp" PROXY_WORD,
                                             NULL};
static const char *const queue_listeners[] = {"queue", "submit", NULL};

/* In the order in which they are told to go: transactions in smtp end through queue. */
static const struct master_child children[] = {
    {.program = "posthouse-smtp",
     .user = "posthouse-net",
     .chroot_dir = "net",
     .started = send_census,
     .listeners = smtp_listeners},
    {.program = "posthouse-queue",
     .user = "posthouse",
     .count = 1,
     .message = queue_message,
     .listeners = queue_listeners},
};

static int listen_all(struct master *m, const char *name, char *const *addresses, struct err *e)
{
    for (; addresses && *addresses; addresses++)
        if (master_listener(m, name, *addresses, e))
            return -1;
    return 0;
}

static int configured(struct master *m, struct err *e)
{
    struct relay_conf *conf = (struct relay_conf *)master_settings(m);
    site_conf_complete(&conf->site);
    site_conf_apply(&conf->site);
    spawn_begin(m);
    if (relay_conf_check(conf, e) || listen_all(m, "smtp", conf->smtp, e) ||
        listen_all(m, "submission", conf->submission, e) ||
        listen_all(m, "submissions", conf->submissions, e) || listen_all(m, "lmtp", conf->lmtp, e))
        return -1;
    if (conf->lmtp_socket && master_listener_stream(m, "lmtp", conf->lmtp_socket, conf->lmtp_group, e))
        return -1;
    return master_listener_local(m, "queue", "net/queue", "posthouse-net", 0660, e) ||
                   master_listener_local(m, "submit", "submit", NULL, 0666, e)
               ? -1
               : 0;
}

static bool drained(struct master *m)
{
    (void)m;
    return spawn_drained();
}

static void reaped(struct master *m, pid_t pid, int status)
{
    (void)m;
    (void)status;
    spawn_reaped(pid);
}

static int check(const void *settings, struct err *e)
{
    return relay_conf_check(settings, e);
}

int main(int argc, char **argv)
{
    static const struct master_hooks hooks = {
        .program = "relayd",
        .conf = &relay_conf_table,
        .children = children,
        .nchildren = ARRAY_LEN(children),
        .check = check,
        .configured = configured,
        .drained = drained,
        .reaped = reaped,
        .log_offset = offsetof(struct relay_conf, site.log),
        .run_dir_offset = offsetof(struct relay_conf, site.run_dir),
    };
    return master_main(argc, argv, &hooks);
}
