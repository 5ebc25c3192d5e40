/*
 * login_proxied.c - connections from proxies (HAProxy and the like) on listeners set for them: who the client is stands in a PROXY
 * header, which must come whole within PROXY_SECONDS, and from proxy_networks only.
 */
#include "access/login_conn.h"
#include "access/login_main.h"
#include "base/log.h"
#include "base/nets.h"
#include "base/proxy.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <unistd.h>

#define AWAITED_MAX 2000 /* headers */

static void refuse(const struct login_accepted *a, const char *why)
{
    char proxy[INET6_ADDRSTRLEN];
    login_address(&a->peer, proxy, sizeof(proxy));
    log_warn("refused service=%s remote=%s reason=\"%s\"", a->service, proxy, why);
    close(a->fd);
    login_one_less();
}

static void on_header(int fd, const struct proxy_header *h, void *arg)
{
    struct login_accepted a = *(struct login_accepted *)arg;
    free(arg);
    a.fd = fd;
    if (!h) {
        refuse(&a, "no PROXY header");
        return;
    }
    if (h->given) {
        a.peer = h->who;
        a.tls = h->tls;
    }
    login_accept(&a);
}

void login_proxied(const struct login_accepted *a)
{
    char proxy[INET6_ADDRSTRLEN];
    login_address(&a->peer, proxy, sizeof(proxy));
    if (!nets_match_any(login_conf()->proxy_networks, proxy)) {
        refuse(a, "not in proxy_networks");
        return;
    }
    if (proxy_awaited() >= AWAITED_MAX) {
        refuse(a, "too many connections without a PROXY header");
        return;
    }
    struct login_accepted *copy = xcalloc(1, sizeof(*copy));
    *copy = *a;
    proxy_receive(login_loop(), a->fd, on_header, copy);
}
