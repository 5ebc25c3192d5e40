/*
 * smtp_main.c - posthouse-smtp: faces strangers on ports 25, 587 and 465. uid posthouse-net, chrooted to
 * run_dir/net, under a system-call filter; holds no key and names no user. One process for each core, all
 * with the same listening sockets.
 */
#include "base/census_master.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/proxy.h"
#include "base/sandbox.h"
#include "relay/relay_msg.h"
#include "relay/smtp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define LISTENERS_MAX    64
#define ACCEPT_PER_ROUND 16
#define RENEW_MS         2000
#define FILES            16384

const struct relay_conf *smtp_conf;

static struct child *child;
static struct auth_client *auth_client;
static struct tls_context *tls;
static struct census *census;
static char *signer_path;
static struct timer renew;
static bool draining;

static struct listener {
    struct watch watch;
    int fd;
    char *service;
    bool proxy; /* proxies speak here */
} listeners[LISTENERS_MAX];
static size_t nlisteners;

struct loop *smtp_loop(void)
{
    return child_loop(child);
}

struct auth_client *smtp_auth_client(void)
{
    return auth_client;
}

struct census *smtp_census(void)
{
    return census;
}

struct tls_context *smtp_tls(void)
{
    return tls;
}

void smtp_session_gone(void)
{
    if (draining && !smtp_sessions())
        child_exit(child);
}

/* ---- configuration ---- */

static int configure(int fd, const char *name)
{
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    AUTO_FCLOSE FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
    struct relay_conf *fresh = conf_read(f, name, &relay_conf_table, conf_complain_to_log, NULL);
    if (!fresh)
        return -1;
    site_conf_complete(&fresh->site);
    site_conf_apply(&fresh->site);
    conf_free((void *)smtp_conf, &relay_conf_table);
    smtp_conf = fresh;
    return 0;
}

/* ---- accepting ---- */

void smtp_peer_text(const struct sockaddr_storage *ss, char *text, size_t size)
{
    const struct sockaddr_in6 *six = (const void *)ss;
    const struct sockaddr_in *four = (const void *)ss;
    snprintf(text, size, "unknown");
    if (ss->ss_family == AF_UNIX)
        snprintf(text, size, "127.0.0.1"); /* as near as that */
    else if (ss->ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, text, (socklen_t)size);
    else if (ss->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text, (socklen_t)size);
    else if (ss->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, text, (socklen_t)size);
}

static void on_listener(void *arg, uint32_t events)
{
    struct listener *l = arg;
    (void)events;
    for (int i = 0; i < ACCEPT_PER_ROUND; i++) {
        struct sockaddr_storage ss = {0};
        socklen_t n = sizeof ss;
        char peer[INET6_ADDRSTRLEN];
        int fd = accept4(l->fd, (struct sockaddr *)&ss, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        smtp_peer_text(&ss, peer, sizeof peer);
        if (l->proxy)
            smtp_proxied(fd, l->service, peer);
        else
            smtp_accepted(fd, l->service, peer, false);
    }
}

static void watch_listeners(void)
{
    for (size_t i = 0; child && census && !draining && i < nlisteners; i++)
        if (!listeners[i].watch.active)
            loop_watch(smtp_loop(), &listeners[i].watch, listeners[i].fd, EPOLLIN, on_listener,
                       &listeners[i]);
}

static void listen_begin(void)
{
    for (size_t i = 0; i < nlisteners; i++) {
        if (child)
            loop_unwatch(smtp_loop(), &listeners[i].watch);
        close(listeners[i].fd);
        free(listeners[i].service);
    }
    nlisteners = 0;
}

static void listen_on(const char *name, int fd)
{
    if (nlisteners == LISTENERS_MAX) {
        log_error("more than %d listening sockets", LISTENERS_MAX);
        close(fd);
        return;
    }
    struct listener *l = &listeners[nlisteners++];
    *l = (struct listener){.fd = fd, .service = xstrdup(name)};
    char *word = strstr(l->service, PROXY_WORD);
    l->proxy = word != NULL;
    if (word)
        *word = '\0';
    watch_listeners();
}

/* ---- life ---- */

/* The certificate, as soon as the signer can be asked, and again when it has changed. */
static void renew_tls(void *arg)
{
    static bool complained;
    struct err e;
    (void)arg;
    bool had = tls != NULL;
    if (!tls)
        tls = tls_server_context(signer_path, &e);
    else if (tls_server_renew(tls, &e))
        log_debug("%s", e.text);
    if (!tls && !complained)
        log_warn("%s; STARTTLS and port 465 are off until then", e.text);
    if (tls && !had && complained)
        log_info("TLS is available");
    complained = !tls;
    timer_set(smtp_loop(), &renew, RENEW_MS);
}

static void start(struct child *c)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), path = STRBUF_INIT(4096);
    child = c;
    if (child_unprivileged(c))
        strbuf_addf(&dir, "%s/net", smtp_conf->site.run_dir);
    strbuf_addf(&path, "%s/auth", dir.data);
    auth_client = auth_client_new(smtp_loop(), path.data);
    strbuf_clear(&path);
    strbuf_addf(&path, "%s/queue", dir.data);
    smtp_link_start(smtp_loop(), path.data);
    strbuf_addf(&dir, "/signer");
    signer_path = strbuf_detach(&dir);
    timer_init(&renew, renew_tls, NULL);
    renew_tls(NULL);
    watch_listeners();
}

/* Nobody is let in before this: there would be nothing to count in. */
static void message(struct msg_in *in)
{
    if (in->type != CENSUS || census)
        log_fatal("unknown record %u from relayd", in->type);
    census = census_take(in);
    if (!census)
        log_fatal("the memory for counting connections cannot be used: %m");
    watch_listeners();
}

static void drain(void)
{
    draining = true;
    for (size_t i = 0; i < nlisteners; i++)
        loop_unwatch(smtp_loop(), &listeners[i].watch);
    smtp_drain();
    if (!smtp_sessions())
        child_exit(child);
}

int main(void)
{
    static const struct child_hooks hooks = {
        .program = "smtp",
        .configure = configure,
        .listen_begin = listen_begin,
        .listen = listen_on,
        .start = start,
        .message = message,
        .drain = drain,
        .files = FILES,
        .sandbox = SANDBOX_NET,
    };
    return child_main(&hooks);
}
