/*
 * auth_main.c - posthouse-auth: SASL, passwords, tickets, from exec to loop. Unprivileged, in an empty root,
 * behind a system-call filter. What it needs from outside comes over the control channel: the passwd-file as
 * a descriptor, the socket to nss, a socket to a PAM worker for each password that PAM shall judge.
 */
#include "auth/auth_app.h"
#include "auth/auth_backend.h"
#include "auth/auth_ban.h"
#include "auth/auth_cache.h"
#include "auth/auth_conf.h"
#include "auth/auth_conn.h"
#include "auth/auth_file.h"
#include "auth/auth_hash.h"
#include "auth/auth_master.h"
#include "auth/auth_nss.h"
#include "auth/auth_pam.h"
#include "auth/auth_request.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sandbox.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { LISTENERS_MAX = 8, FILES_LIMIT = 8192, DATA_LIMIT_MB = 1024 };

struct listener {
    struct watch watch;
    int fd;
    int kind;
};

static struct auth_conf *conf;
static struct account_rules rules = {.only_uid = (uid_t)-1};
static struct conn_rights rights = {.net_uid = (uid_t)-1, .queue_uid = (uid_t)-1};
static struct listener listeners[LISTENERS_MAX];
static size_t nlisteners;
static struct loop *loop;
static bool listening; /* begins when authd has handed over what there is: nobody is told too early that an
                          account is unknown */

/* ---- configuration ---- */

static void apply(void)
{
    rules.first_uid = conf->site.first_uid;
    rules.default_mail = conf->mail;
    backends_configure(conf->accounts, &rules);
    pam_configure(conf->pam_service, conf->pam_session, conf->pam_cache);
    system_configure(conf->pam_needs_shell);
    auth_file_configure(conf->passwd_file, conf->verdict_cache);
    master_configure(conf->master_file != NULL);
    requests_configure(&conf->site);
    app_configure((enum main_password)conf->main_password);
    ban_configure(conf->ban_after, conf->ban_time, &conf->site);
    site_conf_apply(&conf->site);
}

static int configure(int fd, const char *name)
{
    AUTO_FCLOSE FILE *f = fd >= 0 ? fdopen(dup(fd), "r") : NULL;
    if (fd >= 0 && !f) {
        log_error("%s: %m", name);
        return -1;
    }
    if (f)
        rewind(f);
    struct auth_conf *fresh = conf_read(f, name, &auth_conf_table, conf_complain_to_log, NULL);
    if (!fresh)
        return -1;
    conf_free(conf, &auth_conf_table);
    conf = fresh;
    apply();
    return 0;
}

/* ---- listening ---- */

static void on_listener(void *arg, uint32_t events)
{
    const struct listener *l = arg;
    (void)events;
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        conn_accept(fd, (enum conn_kind)l->kind);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        log_error("accept: %m");
}

static void watch_listener(struct listener *l)
{
    if (listening)
        loop_watch(loop, &l->watch, l->fd, EPOLLIN, on_listener, l);
}

static void listen_begin(void)
{
    for (size_t i = 0; i < nlisteners; i++) {
        if (loop)
            loop_unwatch(loop, &listeners[i].watch);
        close(listeners[i].fd);
    }
    nlisteners = 0;
}

static void listen_on(const char *name, int fd)
{
    int kind = conn_kind_named(name);
    if (kind < 0 || nlisteners == LISTENERS_MAX) {
        log_error("no use for a listening socket named %s", name);
        close(fd);
        return;
    }
    struct listener *l = &listeners[nlisteners++];
    *l = (struct listener){.fd = fd, .kind = kind};
    watch_listener(l);
}

/* ---- life ---- */

static uid_t uid_of(const char *user)
{
    const struct passwd *pw = getpwnam(user);
    return pw ? pw->pw_uid : (uid_t)-1;
}

static void before_step_down(const struct priv *who)
{
    if (who->uid == (uid_t)-1) {
        rights.unprivileged = true;
        rules.only_uid = getuid();
        apply();
        return;
    }
    rights.net_uid = uid_of("posthouse-net");
    rights.queue_uid = uid_of("posthouse");
}

static void start(struct child *child)
{
    static struct ticket_table *tickets;
    loop = child_loop(child);
    tickets = ticket_table_new();
    hash_init(loop);
    nss_init(loop);
    pam_init(loop, child_control(child));
    requests_init(loop, tickets);
    conns_init(loop, tickets, &rights);
}

static void take_nss(int fd)
{
    nss_connect(fd);
    if (listening)
        return;
    listening = true;
    for (size_t i = 0; i < nlisteners; i++)
        watch_listener(&listeners[i]);
}

static void take_passwd_file(const struct auth_record *r, int fd)
{
    AUTO_FREE char *name = bytes_dup(r->mail);
    AUTO_FREE char *domain = r->name.n ? bytes_dup(r->name) : NULL;
    if (r->status == 2)
        master_load(fd, name ? name : "master-file");
    else if (r->status == 1)
        auth_file_forget(domain);
    else
        auth_file_load(fd, name ? name : "passwd-file", domain, &rules);
}

static void take_app_file(const struct auth_record *r, int fd, int used)
{
    AUTO_FREE char *name = bytes_dup(r->mail);
    app_load(fd, name ? name : "app-passwords");
    if (used >= 0)
        app_take_used(used);
}

static void take_state(const struct auth_record *r, int bans, int known)
{
    if (known >= 0)
        request_take_known(known, r->binding);
    request_set_secret(r->binding);
    ban_take_file(bans);
}

/* Descriptors stand behind the fields. */
static void message(struct msg_in *in)
{
    struct auth_record r;
    AUTO_CLOSE int fd = in->nfds ? msg_get_fd(in) : -1;
    AUTO_CLOSE int second = in->nfds > 1 ? msg_get_fd(in) : -1;
    if (!auth_record_read(in, &r))
        log_fatal("malformed record %d from authd", in->type);
    if (r.type == AUTH_CTL_PASSWD_FILE)
        take_passwd_file(&r, fd);
    else if (r.type == AUTH_CTL_PEER && fd >= 0)
        take_nss(TAKE_FD(fd));
    else if (r.type == AUTH_CTL_APP_FILE)
        take_app_file(&r, fd, TAKE_FD(second));
    else if (r.type == AUTH_CTL_STATE && fd >= 0)
        take_state(&r, TAKE_FD(fd), TAKE_FD(second));
    else if (r.type == AUTH_CTL_PAM_CHANGED)
        cache_clear();
    else if (r.type == AUTH_CTL_WORKER)
        pam_worker(r.id, TAKE_FD(fd));
    else
        log_fatal("unexpected record %d from authd", r.type);
}

int main(void)
{
    static const struct child_hooks hooks = {
        .program = "auth",
        .configure = configure,
        .listen_begin = listen_begin,
        .listen = listen_on,
        .before_step_down = before_step_down,
        .start = start,
        .message = message,
        .files = FILES_LIMIT,
        .data = (uint64_t)DATA_LIMIT_MB << 20,
        .sandbox = SANDBOX_AUTH,
    };
    return child_main(&hooks);
}
