/*
 * queue_verdicts.c - see queue_verdicts.h. Behind the attempts, before anything is written into the spool.
 */
#include "relay/queue_verdicts.h"

#include "base/strbuf.h"

#include <stdlib.h>

/* An address may have become nobody of its own, when all it leads to was there already: it is taken if all others are. */
static bool has_own(const struct envelope *env, unsigned asked)
{
    for (size_t i = 0; i < env->nrcpts; i++)
        if (env->rcpts[i].asked == asked)
            return true;
    return false;
}

static struct verdict judge(const struct envelope *env, unsigned asked)
{
    const struct recipient *worst = NULL;
    bool taken = false, mine = has_own(env, asked);
    for (size_t i = 0; i < env->nrcpts; i++) {
        const struct recipient *r = &env->rcpts[i];
        if (mine && r->asked != asked)
            continue;
        if (r->code < 400)
            taken = true;
        else if (!worst || (worst->code >= 500 && r->code < 500))
            worst = r;
    }
    if (!worst || (taken && mine))
        return (struct verdict){0};
    if (!mine)
        return (struct verdict){451,
                                xstrdup("4.3.0 Some recipients of this message failed, try this one again")};
    return (struct verdict){worst->code, xstrdup(worst->text ? worst->text : "")};
}

struct verdict *verdicts_take(struct envelope *env, unsigned n)
{
    struct verdict *all = xcalloc(n + 1, sizeof *all);
    for (unsigned i = 0; i < n; i++)
        all[i] = judge(env, i);
    for (size_t i = 0; i < env->nrcpts; i++) {
        struct recipient *r = &env->rcpts[i];
        if (r->asked >= n || !all[r->asked].code)
            continue;
        r->notify = NOTIFY_NEVER;
        if (r->code < 500)
            recipient_verdict(r, 550, "5.0.0 The server in front was told");
    }
    return all;
}

void verdicts_free(struct verdict *verdicts, unsigned n)
{
    for (unsigned i = 0; verdicts && i < n; i++)
        free(verdicts[i].text);
    free(verdicts);
}
