/*
 * queue_list.c - telling a user of this machine which of their messages wait, and why.
 */
#include "relay/queue_list.h"

#include <unistd.h>

struct listing {
    struct queue *q;
    struct chan *to;
    uid_t uid;
    uint32_t read, untold;
};

bool list_may_see_all(uid_t uid)
{
    return uid == 0 || uid == getuid();
}

static void tell(struct listing *l, const struct spooled *m, uint64_t due, bool active)
{
    AUTO_MSG struct msg out;
    const struct envelope *env = &m->env;
    uint32_t open = 0;
    for (size_t i = 0; i < env->nrcpts; i++)
        open += !recipient_final(&env->rcpts[i]);
    if (open > LIST_RCPTS_MAX)
        open = LIST_RCPTS_MAX;
    msg_init(&out, LISTED);
    msg_put_str(&out, env->id);
    msg_put_u64(&out, env->arrived);
    msg_put_u64(&out, env->size);
    msg_put_u64(&out, active ? 0 : due ? due : 1);
    msg_put_str(&out, env->reverse_path);
    msg_put_u32(&out, open);
    for (size_t i = 0; i < env->nrcpts && open; i++) {
        if (recipient_final(&env->rcpts[i]))
            continue;
        msg_put_str(&out, env->rcpts[i].address);
        msg_put_str(&out, env->rcpts[i].text);
        open--;
    }
    chan_send(l->to, &out);
}

static bool list_one(const char *id, uint64_t due, bool active, void *arg)
{
    struct listing *l = arg;
    struct spooled m;
    struct err e;
    if (l->read == LIST_MAX) {
        l->untold++;
        return true;
    }
    l->read++;
    if (store_load(l->q->store, id, &m, &e))
        return true;
    if (list_may_see_all(l->uid) || m.env.owner == l->uid)
        tell(l, &m, due, active);
    spooled_done(&m);
    return true;
}

void list_answer(struct queue *q, struct chan *to, uid_t uid)
{
    AUTO_MSG struct msg end;
    struct listing l = {.q = q, .to = to, .uid = uid};
    runner_each(q->runner, list_one, &l);
    msg_init(&end, LIST_END);
    msg_put_u32(&end, list_may_see_all(uid) ? l.untold : 0);
    chan_send(to, &end);
}
