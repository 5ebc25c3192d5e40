/*
 * local_parent.c - where many accounts have one uid, their deliverers are forked, not executed each.
 *
 * This process is posthouse-local under that uid, and reads no mail and no word of a stranger: relayd sends it the
 * command line and the socket of each deliverer that is wanted. What it has forked confines itself to its own
 * account's Maildir before it reads a message, so that a conquered one reaches neither its neighbours' mail nor this
 * process (base/confine.h refuses kill and ptrace). A fork costs a fifth of an execution, most of which is the loader's.
 */
#include "relay/local_parent.h"

#include "relay/relay_msg.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
    char *argv[START_LOCAL_ARGS + 1];
    int argc, fd;
};

static void order_done(struct order *o)
{
    for (int i = 0; i < o->argc; i++)
        free(o->argv[i]);
    if (o->fd >= 0)
        close(o->fd);
}

static bool order_read(struct order *o, struct msg_in *in)
{
    uint32_t n = msg_get_u32(in);
    *o = (struct order){.fd = -1};
    while (!in->bad && n <= START_LOCAL_ARGS && (uint32_t)o->argc < n)
        o->argv[o->argc++] = msg_get_str(in);
    o->fd = msg_get_fd(in);
    return in->type == START_LOCAL && n && n <= START_LOCAL_ARGS && msg_end(in);
}

/* If it cannot be forked, the socket closes, and queue asks again or later. */
static void start(struct order *o, int (*run)(int, char **))
{
    pid_t pid = fork();
    if (pid < 0)
        log_error("no process for another deliverer: %m");
    if (pid)
        return;
    signal(SIGCHLD, SIG_DFL);
    dup2(o->fd, 0);
    close(o->fd);
    _exit(run(o->argc, o->argv));
}

int local_parent(int (*run)(int argc, char **argv))
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg_in in;
    signal(SIGCHLD, SIG_IGN);
    while (msg_recv(0, &buf, &in, -1) == 1) {
        struct order o;
        if (!order_read(&o, &in))
            log_fatal("malformed record %u from relayd", in.type);
        msg_in_done(&in);
        start(&o, run);
        order_done(&o);
    }
    while (wait(NULL) >= 0 || errno == EINTR)
        ;
    return 0;
}
