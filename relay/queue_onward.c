/*
 * queue_onward.c - see queue_onward.h. Its commit keeps what cannot be finished at once, as for sendmail: whoever handed in
 * the message has been told already, or will be told by our verdict. Sending limits have counted the message before.
 */
#include "relay/queue_onward.h"

#include "relay/queue_commit.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* Success is reported by the recipient whom it came from, failures by the new ones. */
static unsigned notify_of(unsigned notify)
{
    unsigned rest = notify & ~(unsigned)NOTIFY_SUCCESS;
    return notify && !rest ? NOTIFY_NEVER : rest;
}

static char *copy(char *old, const char *s)
{
    free(old);
    return xstrdup(s);
}

static void fill(struct envelope *env, const struct onward *what)
{
    const struct envelope *from = what->env;
    env->reverse_path = copy(env->reverse_path, from->reverse_path);
    env->envid = copy(env->envid, from->envid);
    env->login = copy(env->login, from->login);
    env->origin = copy(env->origin, from->origin);
    env->owner = from->owner;
    env->ret = from->ret;
    env->smtputf8 = from->smtputf8;
    env->body8bit = from->body8bit;
    for (size_t i = 0; i < what->n; i++) {
        struct recipient *r = route_target_add(env, &what->targets[i]);
        r->notify = notify_of(what->from->notify);
        r->orcpt = what->from->orcpt ? xstrdup(what->from->orcpt) : NULL;
    }
}

bool onward_start(const struct onward *what, void (*done)(void *arg, int code, const char *text), void *arg)
{
    struct commit *c = commit_new(what->q);
    fill(&c->env, what);
    if (what->delivered_to)
        strbuf_addf(&c->prefix, "Delivered-To: %s\n", what->delivered_to);
    strbuf_addb(&c->prefix, what->content->prefix);
    c->fd = fcntl(what->content->fd, F_DUPFD_CLOEXEC, 0);
    if (c->fd < 0 || c->prefix.overflow) {
        log_error("%s: it cannot go on from <%s>: %s", what->env->id, what->from->address,
                  c->fd < 0 ? strerror(errno) : "it has been forwarded too often");
        commit_free(c);
        return false;
    }
    c->offset = what->content->offset;
    c->size = what->content->size;
    c->keep = c->counted = true;
    c->done = done;
    c->arg = arg;
    log_info("%s: from=<%s> goes on from <%s> as %s to %zu addresses", what->env->id, what->env->reverse_path,
             what->from->address, c->env.id, what->n);
    commit_start(c);
    return true;
}
