/*
 * auth_pam.c - see auth_pam.h. A try waits for its turn, asks authd for a worker, hands it name and password
 * as length-prefixed fields and hears one verdict.
 */
#include "auth/auth_pam.h"

#include "auth/auth_cache.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct worker {
    struct worker *next; /* of the idle ones */
    struct chan *chan;
    struct pam_try *busy; /* NULL: idle */
    unsigned uses;
};

struct pam_try {
    struct pam_try *next;
    uint32_t id; /* 0: waits for its turn */
    char *name, *password, *remote;
    struct worker *worker;
    struct timer deadline;
    struct cache_mark mark;
    backend_verdict_fn *fn;
    void *arg;
};

static struct loop *loop;
static struct chan *authd;
static char *pam_service;
static bool with_session;
static int64_t cache_seconds;
static struct worker *idle;
static size_t nidle;
static struct pam_try *tries;
static size_t count, running;
static uint32_t last_id;

void pam_init(struct loop *the_loop, struct chan *to_authd)
{
    loop = the_loop;
    authd = to_authd;
}

void pam_configure(const char *service, bool session, int64_t seconds)
{
    cache_seconds = session ? 0 : seconds;
    cache_clear();
    free(pam_service);
    pam_service = xstrdup(service);
    with_session = session;
}

/* ---- workers ---- */

static void worker_free(struct worker *w)
{
    chan_free(w->chan);
    free(w);
}

static struct worker *take_idle(void)
{
    struct worker *w = idle;
    if (w) {
        idle = w->next;
        nidle--;
    }
    return w;
}

static void forget_idle(struct worker *w)
{
    struct worker **at = &idle;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    nidle--;
    worker_free(w);
}

/* It has given its verdict. */
static void worker_rest(struct worker *w)
{
    w->busy = NULL;
    if (w->uses >= PAM_USES_MAX || nidle >= PAM_IDLE_MAX) {
        worker_free(w);
        return;
    }
    w->next = idle;
    idle = w;
    nidle++;
}

static void hand_over(struct pam_try *t, struct worker *w)
{
    struct msg m;
    struct auth_record r = {.type = AUTH_REC_PAM_TRY,
                            .service = bytes_of(pam_service),
                            .remote = bytes_of(t->remote),
                            .name = bytes_of(t->name),
                            .password = bytes_of(t->password ? t->password : ""),
                            .proven = !t->password,
                            .session = with_session};
    t->worker = w;
    w->busy = t;
    w->uses++;
    auth_record_write(&r, &m);
    chan_send(w->chan, &m);
    auth_msg_done_secret(&m);
}

static void ask_for_worker(struct pam_try *t)
{
    AUTO_MSG struct msg m;
    struct auth_record r = {.type = AUTH_CTL_WORKER_WANTED, .id = t->id};
    auth_record_write(&r, &m);
    chan_send(authd, &m);
}

static void begin(struct pam_try *t)
{
    struct worker *w = take_idle();
    if (!++last_id)
        ++last_id;
    t->id = last_id;
    running++;
    if (w)
        hand_over(t, w);
    else
        ask_for_worker(t);
}

static void give_turns(void)
{
    for (struct pam_try *t = tries; t && running < PAM_WORKERS_MAX; t = t->next)
        if (!t->id)
            begin(t);
}

static void wipe_password(struct pam_try *t)
{
    if (t->password)
        explicit_bzero(t->password, strlen(t->password));
    free(TAKE_PTR(t->password));
}

/* Out of the list, answered and freed. */
static void settle(struct pam_try *t, enum backend_verdict verdict, const char *reason, const char *name)
{
    struct pam_try **at = &tries;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    count--;
    running -= t->id != 0;
    timer_stop(loop, &t->deadline);
    if (t->worker)
        worker_free(t->worker); /* without a verdict: not to be trusted with another */
    t->fn(verdict, reason, name, t->arg);
    wipe_password(t);
    free(t->name);
    free(t->remote);
    free(t);
    give_turns();
}

static void on_deadline(void *arg)
{
    settle(arg, VERDICT_TEMPFAIL, "pam-timeout", NULL);
}

static void on_verdict(struct pam_try *t, const struct auth_record *r)
{
    static const struct {
        enum backend_verdict verdict;
        const char *reason;
    } meaning[] = {
        [AUTH_PAM_REFUSED] = {VERDICT_REFUSED, "wrong-password"},
        [AUTH_PAM_OK] = {VERDICT_OK, ""},
        [AUTH_PAM_ACCOUNT] = {VERDICT_REFUSED, "account-refused-by-pam"},
        [AUTH_PAM_EXPIRED] = {VERDICT_EXPIRED, "expired"},
        [AUTH_PAM_TEMPFAIL] = {VERDICT_TEMPFAIL, "pam-error"},
    };
    AUTO_FREE char *name = bytes_dup(r->name);
    bool changed = name && strcmp(name, t->name) != 0;
    if (r->status == AUTH_PAM_TEMPFAIL)
        log_warn("PAM: " BYTES_FMT, BYTES_ARG(r->text));
    worker_rest(TAKE_PTR(t->worker));
    if (cache_seconds && t->password && r->status == AUTH_PAM_OK && !changed)
        cache_add(&t->mark, loop_now(loop) / 1000 + (uint64_t)cache_seconds);
    settle(t, name ? meaning[r->status].verdict : VERDICT_TEMPFAIL, meaning[r->status].reason,
           changed ? name : NULL);
}

static void on_worker(struct chan *ch, struct msg_in *in, void *arg)
{
    struct worker *w = arg;
    struct pam_try *t = w->busy;
    struct auth_record r;
    (void)ch;
    if (in && t && auth_record_read(in, &r) && r.type == AUTH_REC_PAM_VERDICT) {
        on_verdict(t, &r);
    } else if (!t) {
        forget_idle(w); /* its time was over */
    } else if (!in && w->uses > 1) {
        t->worker = NULL; /* gone just when it was given this: another will do */
        worker_free(w);
        ask_for_worker(t);
    } else {
        settle(t, VERDICT_TEMPFAIL, "pam-worker-died", NULL);
    }
}

static struct pam_try *try_of(uint32_t id)
{
    struct pam_try *t = tries;
    while (t && (t->id != id || t->worker))
        t = t->next;
    return t;
}

void pam_worker(uint32_t id, int fd)
{
    struct pam_try *t = id ? try_of(id) : NULL;
    if (!t) {
        cleanup_close(&fd);
        return;
    }
    if (fd < 0) {
        settle(t, VERDICT_TEMPFAIL, "no-pam-worker", NULL);
        return;
    }
    struct worker *w = xcalloc(1, sizeof(*w));
    w->chan = chan_new(loop, fd, on_worker, w);
    hand_over(t, w);
}

/* All that PAM is told decides; what else it looks at is the system's, and authd says when that has changed. */
static struct cache_mark mark_of(const char *name, const char *password, const char *remote)
{
    AUTO_STRBUF struct strbuf told = STRBUF_INIT(AUTH_NAME_MAX + AUTH_REMOTE_MAX + AUTH_SERVICE_MAX + 16);
    strbuf_addf(&told, "pam %s %s %s", pam_service, remote, name); /* no blank in any of them */
    return cache_mark(strbuf_bytes(&told), bytes_of(password));
}

void pam_verify(const char *name, const char *password, const char *remote, backend_verdict_fn *fn, void *arg)
{
    struct cache_mark mark = {0};
    if (cache_seconds && password)
        mark = mark_of(name, password, remote);
    if (cache_seconds && password && cache_has(&mark, loop_now(loop) / 1000)) {
        fn(VERDICT_OK, "", NULL, arg);
        return;
    }
    if (count >= PAM_WAITING_MAX + PAM_WORKERS_MAX) {
        fn(VERDICT_TEMPFAIL, "too-many-tries", NULL, arg);
        return;
    }
    struct pam_try *t = xcalloc(1, sizeof(*t)), **at = &tries;
    *t = (struct pam_try){.name = xstrdup(name), .remote = xstrdup(remote)};
    t->password = password ? xstrdup(password) : NULL;
    t->mark = mark;
    t->fn = fn;
    t->arg = arg;
    while (*at)
        at = &(*at)->next;
    *at = t;
    count++;
    timer_init(&t->deadline, on_deadline, t);
    timer_set(loop, &t->deadline, PAM_WAIT_MS);
    give_turns();
}
