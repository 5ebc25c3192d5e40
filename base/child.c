/*
 * child.c - from exec to loop. See child.h for the descriptors and the records.
 */
#include "base/child.h"

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LAST_WORDS_POLL_MS = 5 };

struct child {
    const struct child_hooks *hooks;
    struct loop *loop;
    struct chan *control;
    bool unprivileged;
    bool listening_anew; /* CTL_LISTEN records are coming in */
    bool draining;
    bool exiting;
    struct timer last_words; /* waits for streams that are still being finished */
};

/* CTL_START: uid u32, gid u32, chroot str ("" none), unprivileged u32 */
static void get_who(struct msg_in *in, struct priv *who, char **chroot_dir, bool *unprivileged)
{
    who->uid = msg_get_u32(in);
    who->gid = msg_get_u32(in);
    *chroot_dir = msg_get_str(in);
    *unprivileged = msg_get_u32(in);
    who->chroot_dir = **chroot_dir ? *chroot_dir : NULL;
}

/* CTL_CONF: has file u32, name str, fd if there is one */
static int handle_conf(struct child *c, struct msg_in *in)
{
    bool has_file = msg_get_u32(in);
    AUTO_FREE char *name = msg_get_str(in);
    AUTO_CLOSE int fd = has_file ? msg_get_fd(in) : -1;
    return c->hooks->configure ? c->hooks->configure(fd, name) : 0;
}

/* CTL_LISTEN: name str, fd */
static void handle_listen(struct child *c, struct msg_in *in)
{
    AUTO_FREE char *name = msg_get_str(in);
    int fd = msg_get_fd(in);
    if (!c->listening_anew && c->hooks->listen_begin)
        c->hooks->listen_begin();
    c->listening_anew = true;
    if (c->hooks->listen && fd >= 0)
        c->hooks->listen(name, fd);
    else if (fd >= 0)
        close(fd);
}

static void say_ready(struct child *c)
{
    AUTO_MSG struct msg m;
    msg_init(&m, CTL_READY);
    chan_send(c->control, &m);
}

static void drain(struct child *c)
{
    if (c->draining)
        return;
    c->draining = true;
    if (c->hooks->drain)
        c->hooks->drain();
    else
        child_exit(c);
}

static void on_control(struct chan *ch, struct msg_in *in, void *arg)
{
    struct child *c = arg;
    (void)ch;
    if (!in) {
        log_debug("the master is gone");
        child_exit(c);
        return;
    }
    if (in->type == CTL_CONF) {
        if (handle_conf(c, in))
            log_warn("the new configuration was not taken over");
    } else if (in->type == CTL_LISTEN) {
        handle_listen(c, in);
    } else if (in->type == CTL_START) {
        if (!c->listening_anew && c->hooks->listen_begin)
            c->hooks->listen_begin(); /* none is wanted any more */
        c->listening_anew = false;
        say_ready(c);
    } else if (in->type == CTL_DRAIN) {
        drain(c);
    } else if (in->type >= CTL_USER && c->hooks->message) {
        c->hooks->message(in);
    } else {
        log_fatal("unknown record %u from the master", in->type);
    }
}

/* The records up to CTL_START, read in order before there is a loop. Returns who to become. */
static void receive_orders(struct child *c, struct priv *who, char **chroot_dir)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    for (;;) {
        struct msg_in in;
        if (msg_recv(CHILD_CONTROL_FD, &buf, &in, 30000) != 1)
            log_fatal("no orders from the master: this program is started by it, not by hand");
        uint16_t type = in.type;
        if (type == CTL_CONF && handle_conf(c, &in))
            exit(1);
        if (type == CTL_LISTEN)
            handle_listen(c, &in);
        if (type == CTL_START)
            get_who(&in, who, chroot_dir, &c->unprivileged);
        bool good = msg_end(&in);
        msg_in_done(&in);
        if (!good)
            log_fatal("malformed record %u from the master", type);
        if (type == CTL_START)
            return;
    }
}

static void step_down(struct child *c)
{
    struct priv who = {.files = c->hooks->files, .data = c->hooks->data};
    AUTO_FREE char *chroot_dir = NULL;
    struct err e;
    receive_orders(c, &who, &chroot_dir);
    c->listening_anew = false;
    if (c->unprivileged)
        who.uid = (uid_t)-1;
    tzset();
    if (c->hooks->before_step_down)
        c->hooks->before_step_down(&who);
    if (priv_step_down(&who, &e))
        log_fatal("%s", e.text);
}

/* SIGTERM comes from an impatient operator or a terminal's Ctrl-C group: the master decides, we go with it.
 */
static void on_term(void *arg, int signo)
{
    (void)signo;
    drain(arg);
}

static void ignore_signal(void *arg, int signo)
{
    (void)arg;
    (void)signo;
}

int child_main(const struct child_hooks *hooks)
{
    struct child c = {.hooks = hooks};
    struct err e;
    signal(SIGPIPE, SIG_IGN);
    log_init_child(hooks->program, CHILD_LOG_FD);
    step_down(&c);
    c.loop = loop_new();
    loop_signal(c.loop, SIGTERM, on_term, &c);
    loop_signal(c.loop, SIGINT, ignore_signal, &c);
    loop_signal(c.loop, SIGHUP, ignore_signal, &c);
    c.control = chan_new(c.loop, CHILD_CONTROL_FD, on_control, &c);
    if (hooks->start)
        hooks->start(&c);
    if (hooks->sandbox >= 0 && sandbox_enter((enum sandbox_profile)hooks->sandbox, &e))
        log_fatal("%s", e.text);
    say_ready(&c);
    loop_run(c.loop);
    chan_free(c.control);
    loop_free(c.loop);
    return 0;
}

struct loop *child_loop(struct child *child)
{
    return child->loop;
}

struct chan *child_control(struct child *child)
{
    return child->control;
}

bool child_unprivileged(const struct child *child)
{
    return child->unprivileged;
}

/* The last answers of a drained process are still on their way; io_finish bounds how long that takes. */
static void exit_when_sent(void *arg)
{
    struct child *c = arg;
    if (io_finishing())
        timer_set(c->loop, &c->last_words, LAST_WORDS_POLL_MS);
    else
        loop_stop(c->loop);
}

void child_exit(struct child *child)
{
    if (child->exiting)
        return;
    child->exiting = true;
    timer_init(&child->last_words, exit_when_sent, child);
    exit_when_sent(child);
}
