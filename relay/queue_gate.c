/*
 * queue_gate.c - sending limits: what is over them goes to the held lane and not into the world, and people are told. See
 * queue_gate.h.
 *
 * The notices name the account, the limit, and where a script was called, so that the administrator of shared hosting finds it.
 */
#include "relay/queue_gate.h"

#include "relay/queue_report.h"
#include "relay/queue_trace.h"

#include "base/log.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define NOTICE_MAX 8192

struct notice {
    struct disk_job disk;
    struct queue *q;
    struct report reports[2];
    struct err failed[2];
};

struct limit_rules gate_rules(const struct queue *q, const struct account *account)
{
    struct limit_rules rules = q->limit_rules;
    for (size_t k = 0; account && k < LIMIT_KINDS; k++)
        if (account->send_limits[k])
            rules.most[k] = account->send_limits[k] > 0 ? account->send_limits[k] : 0;
    return rules;
}

/* ---- notices ---- */

static void put(struct disk_job *job)
{
    struct notice *n = (struct notice *)(void *)((char *)job - offsetof(struct notice, disk));
    for (int i = 0; i < 2; i++) {
        n->failed[i].code = ERR_OK;
        report_put(&n->reports[i], n->q->store, &n->failed[i]);
    }
}

static void sent(struct disk_job *job)
{
    struct notice *n = (struct notice *)(void *)((char *)job - offsetof(struct notice, disk));
    struct queue *q = n->q;
    for (int i = 0; i < 2; i++) {
        if (n->failed[i].code)
            log_error("no notice about a sending limit: %s", n->failed[i].text);
        else
            report_send(&n->reports[i], q);
        report_done(&n->reports[i]);
    }
    free(n);
    queue_end(q);
}

static void tell(struct queue *q, const struct envelope *env, const char *who)
{
    AUTO_STRBUF struct strbuf words = STRBUF_INIT(NOTICE_MAX), to = STRBUF_INIT(ENVELOPE_PATH_MAX);
    struct notice *n = xcalloc(1, sizeof *n);
    *n = (struct notice){.disk = {.run = put, .done = sent}, .q = q};
    strbuf_addf(&words,
                "%s has sent more than it may: %s.\n\nFurther messages are held until an administrator looks "
                "at them. The first one:\n\n"
                "  ID         %s\n  from       <%s>\n  recipients %zu, the first is <%s>\n",
                who, env->held, env->id, env->reverse_path, env->nrcpts, env->rcpts[0].address);
    if (*env->origin)
        strbuf_addf(&words, "  directory  %s\n", env->origin);
    strbuf_addf(&words,
                "\nThe administrator sees them with  posthouse queue list --held  and lets them go with\n"
                "posthouse queue release ID  or removes them with  posthouse queue delete ID .\n"
                "Somebody else may know the password, or a script may be misused.\n");
    strbuf_addf(&to, "postmaster@%s", q->route.hostname);
    report_notice(&n->reports[0], q, to.data, "Messages are held: a sending limit", strbuf_bytes(&words));
    if (*env->login) {
        strbuf_clear(&to);
        trace_address(&to, env->login, q->route.hostname);
        report_notice(&n->reports[1], q, to.data, "Your messages are held: a sending limit",
                      strbuf_bytes(&words));
    }
    queue_begin(q);
    disk_start(q->disk, &n->disk);
}

/* ---- the gate ---- */

bool gate_pass(struct queue *q, struct envelope *env, const struct limit_rules *rules)
{
    char who[AUTH_NAME_MAX + 24], why[100];
    enum limit which;
    if (env->owner == ENVELOPE_STRANGER || (!*env->login && env->owner == 0))
        return true;
    if (*env->login)
        snprintf(who, sizeof who, "%s", env->login);
    else
        snprintf(who, sizeof who, "uid %" PRIu32, env->owner);
    enum limit_verdict verdict = limits_ask(q->limits, who, rules, env->nrcpts, queue_now(), &which);
    if (verdict == LIMIT_PASS)
        return true;
    snprintf(why, sizeof why, "over the sending limit of %" PRId64 " %s", rules->most[which],
             limit_unit(which));
    log_warn("%s: from=<%s> login=%s uid=%" PRIu32 " directory=%s status=%s reason=\"%s\"", env->id,
             env->reverse_path, env->login, env->owner, env->origin,
             verdict == LIMIT_REFUSE ? "refused" : "held", why);
    if (verdict == LIMIT_REFUSE)
        return false;
    free(env->held);
    env->held = xstrdup(why);
    if (verdict == LIMIT_HOLD_FIRST)
        tell(q, env, who);
    return true;
}
