/*
 * relayd_main.c - posthouse-relayd: the root of the relay, which relays nothing. Opens the ports, starts smtp
 * and queue, and deliverers and senders when the queue asks for them.
 */
#include "relay/relay_conf.h"
#include "relay/relayd_spawn.h"

#include "base/cleanup.h"

#include <stddef.h>

static const char *const smtp_listeners[] = {"smtp", "submission", "submissions", NULL};
static const char *const queue_listeners[] = {"queue", "submit", NULL};

/* In the order in which they are asked to end: smtp first, which needs the queue to finish. */
static const struct master_child children[] = {
    {.program = "posthouse-smtp", .user = "posthouse-net", .chroot_dir = "net", .listeners = smtp_listeners},
    {.program = "posthouse-queue",
     .user = "posthouse",
     .count = 1,
     .message = spawn_message,
     .started = spawn_queue_started,
     .listeners = queue_listeners},
};

static int listen_all(struct master *m, const char *name, char **addresses, struct err *e)
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
    if (relay_conf_check(conf, e) || listen_all(m, "smtp", conf->smtp, e) ||
        listen_all(m, "submission", conf->submission, e) ||
        listen_all(m, "submissions", conf->submissions, e))
        return -1;
    return master_listener_local(m, "queue", "net/queue", "posthouse-net", 0660, e) ||
                   master_listener_local(m, "submit", "submit", NULL, 0666, e)
               ? -1
               : 0;
}

int main(int argc, char **argv)
{
    static const struct master_hooks hooks = {
        .program = "relayd",
        .conf = &relay_conf_table,
        .children = children,
        .nchildren = ARRAY_LEN(children),
        .configured = configured,
        .log_offset = offsetof(struct relay_conf, site.log),
        .run_dir_offset = offsetof(struct relay_conf, site.run_dir),
    };
    return master_main(argc, argv, &hooks);
}
