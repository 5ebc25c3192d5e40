/*
 * auth_pam.c - see auth_pam.h. A try waits for its turn, asks authd for a worker, hands it name and password
 * as length-prefixed fields and hears one verdict.
 */
#include "auth/auth_pam.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pam_try {
    struct pam_try *next;
    uint32_t id; /* 0: waits for its turn */
    char *name, *password, *remote;
    struct chan *worker;
    struct timer deadline;
    backend_verdict_fn *fn;
    void *arg;
};

static struct loop *loop;
static struct chan *authd;
static char *pam_service;
static struct pam_try *tries;
static size_t count, running;
static uint32_t last_id;

void pam_init(struct loop *the_loop, struct chan *to_authd)
{
    loop = the_loop;
    authd = to_authd;
}

void pam_set_service(const char *service)
{
    free(pam_service);
    pam_service = xstrdup(service);
}

static void ask_for_worker(struct pam_try *t)
{
    AUTO_MSG struct msg m;
    if (!++last_id)
        ++last_id;
    t->id = last_id;
    running++;
    struct auth_record r = {.type = AUTH_CTL_WORKER_WANTED, .id = t->id};
    auth_record_write(&r, &m);
    chan_send(authd, &m);
}

static void give_turns(void)
{
    for (struct pam_try *t = tries; t && running < PAM_WORKERS_MAX; t = t->next)
        if (!t->id)
            ask_for_worker(t);
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
    chan_free(t->worker);
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
        [AUTH_PAM_TEMPFAIL] = {VERDICT_TEMPFAIL, "pam-error"},
    };
    AUTO_FREE char *name = bytes_dup(r->name);
    bool changed = name && strcmp(name, t->name) != 0;
    if (r->status == AUTH_PAM_TEMPFAIL)
        log_warn("PAM: " BYTES_FMT, BYTES_ARG(r->text));
    settle(t, name ? meaning[r->status].verdict : VERDICT_TEMPFAIL, meaning[r->status].reason,
           changed ? name : NULL);
}

static void on_worker(struct chan *ch, struct msg_in *in, void *arg)
{
    struct auth_record r;
    (void)ch;
    if (in && auth_record_read(in, &r) && r.type == AUTH_REC_PAM_VERDICT)
        on_verdict(arg, &r);
    else
        settle(arg, VERDICT_TEMPFAIL, "pam-worker-died", NULL);
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
    struct msg m;
    struct auth_record r = {.type = AUTH_REC_PAM_TRY,
                            .service = bytes_of(pam_service),
                            .remote = bytes_of(t->remote),
                            .name = bytes_of(t->name),
                            .password = bytes_of(t->password ? t->password : ""),
                            .proven = !t->password};
    t->worker = chan_new(loop, fd, on_worker, t);
    auth_record_write(&r, &m);
    chan_send(t->worker, &m);
    auth_msg_done_secret(&m);
    wipe_password(t);
}

void pam_verify(const char *name, const char *password, const char *remote, backend_verdict_fn *fn, void *arg)
{
    if (count >= PAM_WAITING_MAX + PAM_WORKERS_MAX) {
        fn(VERDICT_TEMPFAIL, "too-many-tries", NULL, arg);
        return;
    }
    struct pam_try *t = xcalloc(1, sizeof(*t)), **at = &tries;
    *t = (struct pam_try){.name = xstrdup(name), .remote = xstrdup(remote)};
    t->password = password ? xstrdup(password) : NULL;
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
