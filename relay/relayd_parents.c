/*
 * relayd_parents.c - the parents of deliverers (local_parent.c): one for each shared uid that has had mail within the last minute.
 *
 * A parent answers nothing. When it dies, the sockets that it had not yet passed on close with it, and queue asks again.
 */
#include "relay/relayd_parents.h"

#include "relay/relay_msg.h"
#include "relay/relayd_spawn.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PARENTS_MAX 16
#define KEEP_MS     60000

static struct parent {
    struct chan *chan; /* NULL: this place is free */
    struct loop *loop;
    struct timer idle;
    uid_t uid;
    gid_t gid;
} parents[PARENTS_MAX];

static void let_go(void *arg)
{
    struct parent *p = arg;
    timer_stop(p->loop, &p->idle);
    chan_free(p->chan);
    p->chan = NULL;
}

static void on_parent(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)ch;
    if (in)
        log_error("the parent of deliverers sent record %u: it has nothing to say", in->type);
    let_go(arg);
}

static struct parent *find(const struct priv *who)
{
    for (struct parent *p = parents; p < parents + PARENTS_MAX; p++)
        if (p->chan && p->uid == who->uid && p->gid == who->gid)
            return p;
    return NULL;
}

/* A free place, or that of the one whose time would be over first. */
static struct parent *place(void)
{
    struct parent *oldest = parents;
    for (struct parent *p = parents; p < parents + PARENTS_MAX; p++) {
        if (!p->chan)
            return p;
        if (p->idle.at < oldest->idle.at)
            oldest = p;
    }
    let_go(oldest);
    return oldest;
}

static struct parent *begin(struct master *m, const struct priv *who, struct err *e)
{
    static char *const argv[] = {(char *)"posthouse-local", (char *)"--parent", NULL};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        (void)err_errno(e, errno, "socketpair for the parent of deliverers");
        return NULL;
    }
    AUTO_CLOSE int theirs = pair[1];
    if (spawn_program(m, who, argv, "/", theirs, e)) {
        close(pair[0]);
        return NULL;
    }
    struct parent *p = place();
    *p = (struct parent){.loop = master_loop(m), .uid = who->uid, .gid = who->gid};
    timer_init(&p->idle, let_go, p);
    p->chan = chan_new(p->loop, pair[0], on_parent, p);
    return p;
}

static uint32_t count(char *const argv[])
{
    uint32_t n = 0;
    while (argv[n])
        n++;
    return n;
}

int parents_start(struct master *m, const struct priv *who, char *const argv[], int fd, struct err *e)
{
    struct parent *p = find(who);
    if (!p && !(p = begin(m, who, e)))
        return -1;
    AUTO_MSG struct msg msg;
    msg_init(&msg, START_LOCAL);
    msg_put_u32(&msg, count(argv));
    for (char *const *a = argv; *a; a++)
        msg_put_str(&msg, *a);
    msg_put_fd(&msg, fd);
    if (msg.bad)
        return err_set(e, ERR_INVALID, "the command line of a deliverer is too long");
    timer_set(p->loop, &p->idle, KEEP_MS);
    chan_send(p->chan, &msg);
    return 0;
}

void parents_close(void)
{
    for (struct parent *p = parents; p < parents + PARENTS_MAX; p++)
        if (p->chan)
            let_go(p);
}
