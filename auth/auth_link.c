/*
 * auth_link.c - see auth_link.h.
 */
#include "auth/auth_link.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>

static void retry_later(struct auth_link *link)
{
    timer_set(link->loop, &link->retry, link->delay);
    link->delay = link->delay * 2 < LINK_RETRY_MAX_MS ? link->delay * 2 : LINK_RETRY_MAX_MS;
}

static void lose(struct auth_link *link)
{
    chan_free(TAKE_PTR(link->chan));
    retry_later(link);
    link->hooks->lost(link->arg);
}

static void on_chan(struct chan *ch, struct msg_in *in, void *arg)
{
    struct auth_link *link = arg;
    struct auth_record r;
    (void)ch;
    if (in && auth_record_read(in, &r) && (r.type == link->hooks->expects || r.type == link->hooks->also)) {
        link->delay = LINK_RETRY_FIRST_MS;
        link->hooks->record(link->arg, &r);
    } else {
        lose(link);
    }
}

static void try_connect(void *arg)
{
    struct auth_link *link = arg;
    int fd = msg_connect(link->path);
    if (fd < 0) {
        retry_later(link);
        return;
    }
    link->chan = chan_new(link->loop, fd, on_chan, link);
    link->hooks->connected(link->arg);
}

void auth_link_init(struct auth_link *link, struct loop *loop, const char *path,
                    const struct auth_link_hooks *hooks, void *arg)
{
    *link = (struct auth_link){.loop = loop, .path = xstrdup(path), .hooks = hooks, .arg = arg};
    link->delay = LINK_RETRY_FIRST_MS;
    timer_init(&link->retry, try_connect, link);
    timer_set(loop, &link->retry, 0);
}

void auth_link_done(struct auth_link *link)
{
    timer_stop(link->loop, &link->retry);
    chan_free(TAKE_PTR(link->chan));
    free(TAKE_PTR(link->path));
}

bool auth_link_up(const struct auth_link *link)
{
    return link->chan != NULL;
}

void auth_link_send(struct auth_link *link, struct msg *m)
{
    if (link->chan)
        chan_send(link->chan, m);
}
