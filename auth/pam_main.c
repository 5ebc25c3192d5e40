/*
 * pam_main.c - posthouse-pam: conversations with PAM, as root, one after the other, and soon the end. Modules block and leak, so
 * they do it here.
 *
 * On descriptor 0 stands a socket whose other end is in the auth process. One record comes in (service, name,
 * password, remote address), one verdict goes out. Nobody else has seen the password on its way, and root has
 * parsed nothing but length-prefixed fields. auth closes the socket after some conversations; we end by ourselves when nothing comes, and
 * an alarm ends us in the middle of one that takes too long.
 */
#include "auth/auth_proto.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKET_FD = 0,
    LOG_FD = 3,
    TALK_SECONDS = 60, /* for one conversation */
    IDLE_MS = 5000,    /* until the next */
    LIFE_SECONDS = 60, /* no new one after that */
    PROMPTS_MAX = 8
};

struct talk {
    char *service, *name, *password, *remote;
    bool proven; /* no password: the account is judged only */
    bool session;
    unsigned prompts;
};

/* Every question that hides its answer gets the password. A module that asks for more than that cannot be
 * served. */
static int answer_prompts(int count, const struct pam_message **questions, struct pam_response **answers,
                          void *arg)
{
    struct talk *t = arg;
    if (count <= 0 || count > PROMPTS_MAX || t->prompts++ > PROMPTS_MAX)
        return PAM_CONV_ERR;
    struct pam_response *r = xcalloc((size_t)count, sizeof(*r));
    for (int i = 0; i < count; i++) {
        if (questions[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            r[i].resp = xstrdup(t->password);
        else if (questions[i]->msg_style == PAM_PROMPT_ECHO_ON)
            r[i].resp = xstrdup(t->name);
    }
    *answers = r;
    return PAM_SUCCESS;
}

/* The delay is ours to make, without a process that sleeps. */
static void no_delay(int status, unsigned usec, void *arg)
{
    (void)status;
    (void)usec;
    (void)arg;
}

static int set_items(pam_handle_t *pam, const struct talk *t)
{
    union {
        void (*fn)(int, unsigned, void *);
        const void *item;
    } delay = {no_delay};
    int status = pam_set_item(pam, PAM_RHOST, t->remote);
    if (status == PAM_SUCCESS)
        status = pam_set_item(pam, PAM_TTY, "posthouse");
    if (status == PAM_SUCCESS)
        status = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);
    return status;
}

/* Failures of the system, not of the password: the client may come again. */
static bool is_temporary(int status)
{
    static const int temporary[] = {PAM_ABORT,      PAM_AUTHINFO_UNAVAIL, PAM_BUF_ERR,
                                    PAM_OPEN_ERR,   PAM_SERVICE_ERR,      PAM_SYMBOL_ERR,
                                    PAM_SYSTEM_ERR, PAM_MODULE_UNKNOWN};
    for (size_t i = 0; i < ARRAY_LEN(temporary); i++)
        if (status == temporary[i])
            return true;
    return false;
}

static enum auth_pam_status judge_account(pam_handle_t *pam, bool proven, int *status)
{
    *status = pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (*status == PAM_NEW_AUTHTOK_REQD && proven) /* by another password, which has not expired */
        *status = PAM_SUCCESS;
    if (*status == PAM_SUCCESS)
        return AUTH_PAM_OK;
    if (*status == PAM_NEW_AUTHTOK_REQD || *status == PAM_ACCT_EXPIRED || *status == PAM_AUTHTOK_EXPIRED)
        return AUTH_PAM_EXPIRED;
    return is_temporary(*status) ? AUTH_PAM_TEMPFAIL : AUTH_PAM_ACCOUNT;
}

/* Opened and closed at once: what it is for has been done then (a home made, a file system mounted). */
static enum auth_pam_status hold_session(pam_handle_t *pam, int *status)
{
    *status = pam_setcred(pam, PAM_ESTABLISH_CRED | PAM_SILENT);
    if (*status == PAM_SUCCESS)
        *status = pam_open_session(pam, PAM_SILENT);
    if (*status != PAM_SUCCESS)
        return AUTH_PAM_TEMPFAIL;
    pam_close_session(pam, PAM_SILENT);
    pam_setcred(pam, PAM_DELETE_CRED | PAM_SILENT);
    return AUTH_PAM_OK;
}

static enum auth_pam_status judge(pam_handle_t *pam, const struct talk *t, int *status)
{
    *status = t->proven ? PAM_SUCCESS : pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (*status != PAM_SUCCESS)
        return is_temporary(*status) ? AUTH_PAM_TEMPFAIL : AUTH_PAM_REFUSED;
    enum auth_pam_status verdict = judge_account(pam, t->proven, status);
    return verdict == AUTH_PAM_OK && t->session ? hold_session(pam, status) : verdict;
}

/* What PAM calls the user in the end: a module may have changed it. */
static char *final_name(pam_handle_t *pam, const char *asked)
{
    const void *name = NULL;
    if (pam_get_item(pam, PAM_USER, &name) != PAM_SUCCESS || !name)
        return xstrdup(asked);
    return xstrdup(name);
}

static void send_verdict(enum auth_pam_status verdict, const char *name, const char *text)
{
    AUTO_MSG struct msg m;
    struct auth_record r = {
        .type = AUTH_REC_PAM_VERDICT, .status = verdict, .name = bytes_of(name), .text = bytes_of(text)};
    if (r.name.n > AUTH_NAME_MAX)
        r = (struct auth_record){.type = AUTH_REC_PAM_VERDICT, .status = AUTH_PAM_REFUSED};
    auth_record_write(&r, &m);
    if (msg_send(SOCKET_FD, &m) != 0)
        log_error("sending the verdict: %m");
}

static void converse(struct talk *t)
{
    const struct pam_conv conversation = {answer_prompts, t};
    pam_handle_t *pam = NULL;
    enum auth_pam_status verdict = AUTH_PAM_TEMPFAIL;
    int status = pam_start(t->service, t->name, &conversation, &pam);
    if (status == PAM_SUCCESS)
        status = set_items(pam, t);
    if (status == PAM_SUCCESS)
        verdict = judge(pam, t, &status);
    AUTO_FREE char *name = pam ? final_name(pam, t->name) : xstrdup(t->name);
    send_verdict(verdict, name, pam_strerror(pam, status));
    if (pam)
        pam_end(pam, status);
}

static bool receive(struct talk *t)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg_in in;
    struct auth_record r;
    if (msg_recv(SOCKET_FD, &buf, &in, IDLE_MS) != 1)
        return false; /* auth has gone, or has nothing to do for us */
    bool good = auth_record_read(&in, &r) && r.type == AUTH_REC_PAM_TRY;
    msg_in_done(&in);
    if (!good)
        return false;
    t->service = bytes_dup(r.service);
    t->name = bytes_dup(r.name);
    t->password = bytes_dup(r.password);
    t->remote = bytes_dup(r.remote);
    t->proven = r.proven;
    t->session = r.session;
    return t->service && t->name && t->password && (*t->password || t->proven) && t->remote;
}

static void forget(struct talk *t)
{
    if (t->password)
        explicit_bzero(t->password, strlen(t->password));
    free(t->service);
    free(t->name);
    free(t->password);
    free(t->remote);
    *t = (struct talk){0};
}

int main(void)
{
    static const struct rlimit no_core = {0, 0};
    struct talk t = {0};
    time_t end = time(NULL) + LIFE_SECONDS;
    log_init_child("pam", LOG_FD);
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_fatal("limits: %m");
    while (time(NULL) < end && receive(&t)) {
        alarm(TALK_SECONDS);
        converse(&t);
        alarm(0);
        forget(&t);
    }
    forget(&t);
    return 0;
}
