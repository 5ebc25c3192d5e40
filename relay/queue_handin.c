/*
 * queue_handin.c - see queue_handin.h. A uid that has no mail account (root, daemons) goes by its name in the system.
 */
#include "relay/queue_handin.h"

#include "relay/queue_gate.h"
#include "relay/queue_trace.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <pwd.h>
#include <stdlib.h>

bool handin_path_ok(struct bytes path)
{
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127)
            return false;
    return path.n <= ENVELOPE_PATH_MAX - 8;
}

static void committed(void *arg, int code, const char *text)
{
    struct handin *h = arg;
    h->commit = NULL;
    h->done(h->arg, code, text);
}

static void refuse(struct handin *h, int code, const char *text)
{
    commit_free(TAKE_PTR(h->commit));
    h->done(h->arg, code, text);
}

static void replace(char **old, const char *with)
{
    free(*old);
    *old = xstrdup(with);
}

/* name: of a user who has not said under which address. */
static void start(struct handin *h, const char *name)
{
    struct commit *k = h->commit;
    struct envelope *env = &k->env;
    AUTO_STRBUF struct strbuf sender = STRBUF_INIT(ENVELOPE_PATH_MAX);
    if (name) {
        trace_address(&sender, name, k->q->route.hostname);
        replace(&env->reverse_path, sender.data);
    }
    env->owner = h->uid;
    k->keep = true;
    k->done = committed;
    k->arg = h;
    trace_submitted(&k->prefix, k->q->route.hostname, (unsigned)h->uid, env->id, (time_t)env->arrived);
    log_info("%s: from=<%s> uid=%u login=%s directory=%s size=%llu recipients=%zu status=submitted by=%s",
             env->id, env->reverse_path, (unsigned)h->uid, env->login, env->origin,
             (unsigned long long)k->size, env->nrcpts, h->way);
    commit_start(k);
}

static void looked_up(int status, const struct account *account, void *arg)
{
    struct handin *h = arg;
    struct envelope *env = &h->commit->env;
    h->looking_up = false;
    h->commit->limits = gate_rules(h->commit->q, status == 1 ? account : NULL);
    if (status == 1)
        replace(&env->login, account->name);
    if (*env->reverse_path || h->null_sender) {
        start(h, NULL);
        return;
    }
    const struct passwd *pw = status == 1 ? NULL : getpwuid(h->uid);
    const char *name = status == 1 ? account->name : pw ? pw->pw_name : NULL;
    if (name)
        start(h, name);
    else if (status < 0)
        refuse(h, 451, "4.3.0 The accounts cannot be looked up now");
    else
        refuse(h, 550, "5.7.1 Your user id has no name on this system; say who you are with -f");
}

void handin_start(struct handin *h)
{
    h->looking_up = true;
    auth_lookup_uid(h->commit->q->lookup, h->uid, looked_up, h);
}

void handin_cancel(struct handin *h)
{
    if (h->looking_up) {
        auth_lookup_forget(h->commit->q->lookup, h);
        commit_free(TAKE_PTR(h->commit));
    } else if (h->commit) {
        h->commit->done = NULL;
    }
}
