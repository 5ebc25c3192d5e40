/*
 * queue_report.c - from verdicts to a message in the spool with the null reverse-path. A report that cannot be delivered is
 * given up with a log line: it has no sender to tell.
 */
#include "relay/queue_report.h"

#include "relay/queue_bounce.h"
#include "relay/queue_runner.h"
#include "relay/queue_trace.h"

#include "base/fs.h"
#include "base/log.h"

#include <stdlib.h>

static void read_start(struct strbuf *out, const struct content *content, uint64_t want)
{
    want = content->size < want ? content->size : want;
    strbuf_addb(out, content->prefix);
    ssize_t n = want ? fs_pread_all(content->fd, strbuf_room(out, want), want, (off_t)content->offset) : 0;
    if (n > 0)
        strbuf_extend(out, (size_t)n);
}

static void begin(struct report *r, const char *to)
{
    char id[STORE_ID_LEN + 1];
    store_new_id(id);
    envelope_init(&r->env);
    free(r->env.id);
    r->env.id = xstrdup(id);
    r->env.arrived = queue_now();
    envelope_add_dsn(&r->env, RECIPIENT_UNROUTED, bytes_of(to), "", NOTIFY_NEVER, BYTES(""));
    strbuf_init(&r->text, BOUNCE_MAX);
    r->wanted = true;
}

static void compose(struct report *r, struct queue *q, const struct envelope *env,
                    const struct content *content, const struct recipient *const *rcpts, size_t n)
{
    AUTO_STRBUF struct strbuf start = STRBUF_INIT(BOUNCE_FULL_MAX + 8192);
    bool whole = env->ret == RET_FULL && content->size <= BOUNCE_FULL_MAX;
    read_start(&start, content, whole ? BOUNCE_FULL_MAX : BOUNCE_HEADER_MAX);
    struct bounce b = {.env = env,
                       .hostname = q->route.hostname,
                       .id = r->env.id,
                       .now = (time_t)queue_now(),
                       .original = strbuf_bytes(&start),
                       .whole = whole,
                       .relay = q->smarthost.address,
                       .give_up = (time_t)(env->arrived + q->schedule.expire)};
    if (!bounce_write(&b, rcpts, n, &r->text))
        log_warn("%s: the report is cut at %d octets", env->id, BOUNCE_MAX);
    r->content = (struct content){.fd = -1, .prefix = strbuf_bytes(&r->text)};
}

void report_make(struct report *r, struct queue *q, const struct envelope *env, const struct content *content,
                 const struct recipient *const *rcpts, size_t n, bool late)
{
    const struct recipient *told[REPORT_RCPT_MAX];
    size_t ntold = 0, wanted = 0;
    *r = (struct report){.wanted = false};
    for (size_t i = 0; i < n; i++) {
        if (!bounce_wanted(rcpts[i], late))
            continue;
        wanted++;
        if (ntold < REPORT_RCPT_MAX)
            told[ntold++] = rcpts[i];
    }
    if (wanted && !*env->reverse_path)
        log_warn("%s: a report could not be delivered and is given up", env->id);
    if (!wanted || !*env->reverse_path)
        return;
    begin(r, env->reverse_path);
    r->env.owner = env->owner;
    compose(r, q, env, content, told, ntold);
    log_info("%s: report to=<%s> recipients=%zu about=%s", r->env.id, env->reverse_path, wanted, env->id);
}

void report_notice(struct report *r, struct queue *q, const char *to, const char *subject, struct bytes words)
{
    *r = (struct report){.wanted = false};
    begin(r, to);
    strbuf_addf(&r->text, "From: Mail Delivery System <MAILER-DAEMON@%s>\nTo: %s\nSubject: %s\nDate: ",
                q->route.hostname, to, subject);
    trace_date(&r->text, (time_t)queue_now());
    strbuf_addf(&r->text,
                "\nMessage-ID: <%s.notice@%s>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
                r->env.id, q->route.hostname);
    strbuf_addb(&r->text, words);
    r->content = (struct content){.fd = -1, .prefix = strbuf_bytes(&r->text)};
}

int report_put(struct report *r, struct store *store, struct err *e)
{
    return r->wanted ? store_put(store, &r->env, &r->content, e) : 0;
}

void report_send(struct report *r, struct queue *q)
{
    if (r->wanted)
        runner_add(q->runner, &r->env, 0, true);
}

void report_done(struct report *r)
{
    if (!r->wanted)
        return;
    envelope_done(&r->env);
    strbuf_done(&r->text);
    r->wanted = false;
}
