/*
 * auth_request_judge.c - state JUDGE of auth_request.c: from a name and a proof to yes or no.
 *
 *     whose account? -> is it an application password of it, or a master user's? -> does its source say yes? -> does the source call
 *     it by another name? then that account's rules hold
 *
 * A name that nobody has takes the same way through the last source.
 */
#include "auth/auth_request_internal.h"

#include "auth/auth_app.h"
#include "auth/auth_master.h"
#include "auth/auth_name.h"
#include "base/strbuf.h"

#include <stdlib.h>

/* The source calls the account by another name than the client did: that account is the one, and its rules hold. */
static void on_renamed(enum auth_lookup_status status, const struct backend *source,
                       const struct account *account, void *arg)
{
    struct request *q = arg;
    bool known = status == AUTH_LOOKUP_FOUND && source == q->source;
    account_done(&q->account);
    if (known && system_shell_refuses(account)) {
        request_refuse(q, "shell-lets-nobody-in");
    } else if (known && !q->app && !q->master_ok && app_main_barred(account->name)) {
        request_refuse(q, "main-password-barred");
    } else if (known) {
        account_copy(&q->account, account);
        request_accept(q);
    } else if (status == AUTH_LOOKUP_TEMPFAIL) {
        request_fail_for_now(q, "lookup-failed");
    } else {
        request_refuse(q, "unknown-user");
    }
}

static void on_verdict(enum backend_verdict verdict, const char *reason, const char *name, void *arg)
{
    struct request *q = arg;
    if (verdict == VERDICT_TEMPFAIL)
        request_fail_for_now(q, reason);
    else if (verdict == VERDICT_EXPIRED && !q->hopeless && !q->barred && q->account.name)
        request_tell_expired(q, reason);
    else if (verdict != VERDICT_OK || q->hopeless || !q->account.name)
        request_refuse(q, q->hopeless ? q->hopeless : reason);
    else if (q->barred)
        request_refuse(q, "main-password-barred");
    else if (name && !auth_name_ok(bytes_of(name)))
        request_refuse(q, "bad-name");
    else if (name)
        backends_lookup_name(bytes_of(name), on_renamed, q);
    else
        request_accept(q);
}

static void on_account(enum auth_lookup_status status, const struct backend *source,
                       const struct account *account, void *arg)
{
    struct request *q = arg;
    if (status == AUTH_LOOKUP_TEMPFAIL) {
        request_fail_for_now(q, "lookup-failed");
        return;
    }
    q->source = source;
    if (account)
        account_copy(&q->account, account);
    if (q->account.name && !q->hopeless && !q->master) {
        const char *label = app_use(q->account.name, q->service, q->password);
        q->app = label ? xstrdup(label) : NULL;
        q->barred = !label && app_main_barred(q->account.name);
    }
    struct backend_try attempt = {.proven = q->app != NULL || q->master_ok,
                                  .service = q->service,
                                  .remote = q->remote,
                                  .account = q->account.name ? &q->account : NULL,
                                  .password = q->hopeless ? "x" : q->password};
    source->verify(&attempt, on_verdict, q);
}

/* The proof has been looked at; what is left is the account. */
static void judge_proven(struct request *q)
{
    struct backend_try attempt = {
        .proven = true, .service = q->service, .remote = q->remote, .account = &q->account, .password = ""};
    if (q->hopeless || !q->proven) {
        request_refuse(q, q->hopeless ? q->hopeless : q->no_verifier ? q->no_verifier : "wrong-password");
        return;
    }
    q->barred = app_main_barred(q->account.name);
    q->source->verify(&attempt, on_verdict, q);
}

static void on_master(enum backend_verdict verdict, const char *reason, const char *name, void *arg)
{
    struct request *q = arg;
    (void)name;
    if (verdict == VERDICT_TEMPFAIL) {
        request_fail_for_now(q, reason);
    } else if (verdict != VERDICT_OK) {
        request_refuse(q, reason);
    } else {
        q->master_ok = true;
        backends_lookup_name(bytes_of(q->name), on_account, q);
    }
}

void request_judge(struct request *q)
{
    q->state = JUDGE;
    q->begun = loop_now(request_loop());
    timer_stop(request_loop(), &q->timer);
    if (q->scram)
        judge_proven(q);
    else if (q->master && !q->hopeless)
        master_verify(q->master, q->password, q->remote, on_master, q);
    else if (q->hopeless) /* nobody has this name */
        on_account(AUTH_LOOKUP_NONE, backends_last(), NULL, q);
    else
        backends_lookup_name(bytes_of(q->name), on_account, q);
}
