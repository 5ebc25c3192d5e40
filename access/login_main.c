/*
 * login_main.c - posthouse-login: faces every IMAP and POP3 client before its login, and goes on moving the
 * bytes of those under TLS. Unprivileged, chrooted, behind a system-call filter, without a private key.
 */
#include "access/login_main.h"

#include "access/login_conn.h"
#include "base/census_master.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/proxy.h"
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>

enum {
    LISTENERS_MAX = 64,
    FILES_LIMIT = 2 * CENSUS_PLACES,
    FILES_SPARE = 128, /* for everything that is no connection */
    ACCEPTS_MAX = 16,  /* in one go, so that clients already there are served between */
    RENEW_MS = 2000,
    RETRY_MS = 1000,
    DRAIN_POLL_MS = 100,
    FAREWELL_POLLS = 2,
};

struct listener {
    struct watch watch;
    int fd;
    const char *service;
    bool proxy; /* proxies speak here */
};

static struct access_conf *conf;
static struct listener listeners[LISTENERS_MAX];
static size_t nlisteners;
static struct child *self;
static struct auth_client *auth;
static struct tls_context *tls;
static struct timer renew_timer, rest_timer, drain_timer, alone_timer;
static bool draining, tls_complained, taken;
static unsigned empty_polls, files_allow;
static int processes = 1;
static struct census *census;

const struct access_conf *login_conf(void)
{
    return conf;
}

struct loop *login_loop(void)
{
    return child_loop(self);
}

struct auth_client *login_auth(void)
{
    return auth;
}

struct chan *login_control(void)
{
    return child_control(self);
}

struct census *login_census(void)
{
    return census;
}

unsigned login_files_allow(void)
{
    return files_allow;
}

struct tls_context *login_tls(void)
{
    return tls;
}

/* ---- configuration ---- */

/* One descriptor for the client, and one for its session. */
static void count_files(void)
{
    struct rlimit r;
    int64_t most = FILES_LIMIT;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != RLIM_INFINITY)
        most = (int64_t)r.rlim_cur;
    files_allow = most > FILES_SPARE + 2 ? (unsigned)(most - FILES_SPARE) / 2 : 1;
    if (conf->login_isolation == ISOLATION_POOL && conf->max_connections > (int64_t)files_allow * processes)
        log_warn("max_connections is %d, but the limit of open files allows each login process only %u",
                 (int)conf->max_connections, files_allow);
}

static int configure(int fd, const char *name)
{
    AUTO_FCLOSE FILE *f = fd >= 0 ? fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 0), "r") : NULL;
    if (fd >= 0 && !f) {
        log_error("%s: %m", name);
        return -1;
    }
    if (f)
        rewind(f);
    struct access_conf *fresh = conf_read(f, name, &access_conf_table, conf_complain_to_log, NULL);
    if (!fresh)
        return -1;
    conf_free(conf, &access_conf_table);
    conf = fresh;
    site_conf_apply(&conf->site);
    if (self)
        count_files();
    return 0;
}

/* ---- listening ---- */

static void on_listener(void *arg, uint32_t events);

static void watch_listeners(void *arg)
{
    (void)arg;
    for (size_t i = 0; census && !taken && i < nlisteners; i++)
        if (!listeners[i].watch.active)
            loop_watch(login_loop(), &listeners[i].watch, listeners[i].fd, EPOLLIN, on_listener,
                       &listeners[i]);
}

/* The system has nothing left to accept with: what is waiting would wake us again and again. */
static void rest(void)
{
    log_error("accept: %m; no new connections for a second");
    for (size_t i = 0; i < nlisteners; i++)
        loop_unwatch(login_loop(), &listeners[i].watch);
    timer_set(login_loop(), &rest_timer, RETRY_MS);
}

/* This connection is the only one from now on (those from before a change of the configuration stay, too). */
static void take_one(void)
{
    AUTO_MSG struct msg msg;
    taken = true;
    for (size_t i = 0; i < nlisteners; i++)
        loop_unwatch(login_loop(), &listeners[i].watch);
    msg_init(&msg, BUSY);
    chan_send(child_control(self), &msg);
}

static void exit_when_alone(void *arg)
{
    (void)arg;
    if (login_count() == 0 && proxy_awaited() == 0)
        child_exit(self);
}

void login_all_in(void)
{
    if (!taken)
        return;
    timer_stop(login_loop(), &renew_timer);
    if (tls)
        tls_server_rest(tls);
    auth_client_free(auth);
    auth = NULL;
}

void login_one_less(void)
{
    if (taken)
        timer_set(login_loop(), &alone_timer, 0);
}

static void on_listener(void *arg, uint32_t events)
{
    const struct listener *l = arg;
    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct login_accepted a = {.service = l->service};
        socklen_t n = sizeof(a.peer);
        a.fd = accept4(l->fd, (struct sockaddr *)&a.peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (a.fd >= 0) {
            if (conf->login_isolation == ISOLATION_CONNECTION)
                take_one();
            (l->proxy ? login_proxied : login_accept)(&a);
            if (taken)
                return;
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            rest();
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            log_error("accept: %m");
        return;
    }
}

static void listen_begin(void)
{
    for (size_t i = 0; i < nlisteners; i++) {
        if (self)
            loop_unwatch(login_loop(), &listeners[i].watch);
        close(listeners[i].fd);
    }
    nlisteners = 0;
}

static void listen_on(const char *name, int fd)
{
    AUTO_FREE char *bare = xstrdup(name);
    char *word = strstr(bare, PROXY_WORD);
    bool proxy = word != NULL;
    if (proxy)
        *word = '\0';
    const struct access_service *service = access_service_named(bare);
    if (!service || nlisteners == LISTENERS_MAX || draining) {
        if (!draining)
            log_error("no use for a listening socket named %s", name);
        close(fd);
        return;
    }
    struct listener *l = &listeners[nlisteners++];
    *l = (struct listener){.fd = fd, .service = service->name, .proxy = proxy};
    if (self)
        watch_listeners(NULL);
}

/* ---- certificates ---- */

static char *socket_path(const char *name)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    strbuf_addf(&path, "%s/%s", child_unprivileged(self) ? conf->site.run_dir : "",
                child_unprivileged(self) ? "net/" : "");
    strbuf_adds(&path, name);
    return strbuf_detach(&path);
}

/* Get the certificate when there is none yet, else see whether it has changed. */
static void renew(void *arg)
{
    AUTO_FREE char *path = socket_path("signer");
    struct err e;
    (void)arg;
    int r = 0;
    if (tls)
        r = tls_server_renew(tls, &e);
    else if (!(tls = tls_server_context(path, &e)))
        r = -1;
    if (r != 0 && !tls_complained)
        log_warn("no TLS: %s", e.text);
    tls_complained = r != 0;
    timer_set(login_loop(), &renew_timer, tls ? RENEW_MS : RETRY_MS);
}

/* ---- records from accessd ---- */

/* Nobody is let in before this: there would be nothing to count in. */
static void take_census(struct msg_in *in)
{
    if (census)
        log_fatal("record %u from accessd came twice", in->type);
    census = census_take(in);
    if (!census)
        log_fatal("the memory for counting connections cannot be used: %m");
    watch_listeners(NULL);
}

static void message(struct msg_in *in)
{
    if (in->type == CENSUS)
        take_census(in);
    else
        login_session_message(in);
}

/* ---- life ---- */

static void before_step_down(const struct priv *who)
{
    (void)who;
    processes = get_nprocs(); /* as many as there are of us; cannot be told in an empty root */
}

static void start(struct child *child)
{
    self = child;
    count_files();
    AUTO_FREE char *path = socket_path("auth");
    auth = auth_client_new(login_loop(), path);
    timer_init(&renew_timer, renew, NULL);
    renew(NULL);
    timer_init(&rest_timer, watch_listeners, NULL);
    timer_init(&alone_timer, exit_when_alone, NULL);
    watch_listeners(NULL);
}

/* Those that have been said goodbye have a moment for reading it. */
static void poll_drain(void *arg)
{
    (void)arg;
    empty_polls = login_count() == 0 ? empty_polls + 1 : 0;
    if (empty_polls > FAREWELL_POLLS)
        child_exit(self);
    else
        timer_set(login_loop(), &drain_timer, DRAIN_POLL_MS);
}

static void drain(void)
{
    draining = true;
    listen_begin();
    login_drain();
    timer_init(&drain_timer, poll_drain, NULL);
    poll_drain(NULL);
}

int main(void)
{
    static const struct child_hooks hooks = {
        .program = "login",
        .configure = configure,
        .listen_begin = listen_begin,
        .listen = listen_on,
        .before_step_down = before_step_down,
        .start = start,
        .drain = drain,
        .message = message,
        .files = FILES_LIMIT,
        .sandbox = SANDBOX_NET,
    };
    return child_main(&hooks);
}
