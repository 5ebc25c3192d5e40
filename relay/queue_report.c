/*
 * queue_report.c - from failed recipients to a message in the spool with the null reverse-path. A report that
 * cannot be delivered is given up with a log line: it has no sender to tell.
 */
#include "relay/queue_report.h"

#include "relay/queue_bounce.h"
#include "relay/queue_runner.h"

#include "base/fs.h"
#include "base/log.h"

#include <stdlib.h>

static void read_start(struct strbuf *out, const struct content *content)
{
    size_t want = content->size < BOUNCE_HEADER_MAX ? content->size : BOUNCE_HEADER_MAX;
    strbuf_addb(out, content->prefix);
    ssize_t n = want ? fs_pread_all(content->fd, strbuf_room(out, want), want, (off_t)content->offset) : 0;
    if (n > 0)
        strbuf_extend(out, (size_t)n);
}

static void address(struct envelope *report, const struct envelope *env, const char *id)
{
    envelope_init(report);
    free(report->id);
    report->id = xstrdup(id);
    report->arrived = queue_now();
    report->owner = env->owner;
    envelope_add(report, RECIPIENT_UNROUTED, bytes_of(env->reverse_path), "");
}

int report_failures(struct queue *q, const struct envelope *env, const struct content *content,
                    const struct recipient *const *failed, size_t nfailed)
{
    AUTO_STRBUF struct strbuf start = STRBUF_INIT(BOUNCE_HEADER_MAX + 8192), text = STRBUF_INIT(BOUNCE_MAX);
    char id[STORE_ID_LEN + 1];
    struct err e;
    if (!nfailed)
        return 0;
    if (!*env->reverse_path) {
        log_warn("%s: a report could not be delivered and is given up", env->id);
        return 0;
    }
    store_new_id(id);
    read_start(&start, content);
    struct bounce b = {env, q->route.hostname, id, (time_t)queue_now(), strbuf_bytes(&start)};
    size_t n = nfailed > 500 ? 500 : nfailed;
    if (!bounce_write(&b, failed, n, &text))
        log_warn("%s: the report is cut at %d octets", env->id, BOUNCE_MAX);
    AUTO_ENVELOPE struct envelope report;
    address(&report, env, id);
    struct content whole = {.fd = -1, .prefix = strbuf_bytes(&text)};
    if (store_put(q->store, &report, &whole, &e)) {
        log_error("%s: no report to the sender: %s", env->id, e.text);
        return -1;
    }
    log_info("%s: report to <%s> about %zu recipients of %s", id, env->reverse_path, nfailed, env->id);
    runner_add(q->runner, id, 0, true);
    return 0;
}
