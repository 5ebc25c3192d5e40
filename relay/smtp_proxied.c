/*
 * smtp_proxied.c - connections from proxies on listeners set for them: who the client is stands in a PROXY header, which must come
 * whole within PROXY_SECONDS, and from proxy_networks only.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/nets.h"
#include "base/proxy.h"
#include "relay/smtp.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define AWAITED_MAX 1000 /* headers */

struct arrival {
    char *service;
    char peer[INET6_ADDRSTRLEN];
};

static void refuse(int fd, const char *peer, const char *why)
{
    log_warn("refused service=smtp remote=%s reason=\"%s\"", peer, why);
    close(fd);
}

static void on_header(int fd, const struct proxy_header *h, void *arg)
{
    struct arrival *a = arg;
    if (h && h->given)
        smtp_peer_text(&h->who, a->peer, sizeof a->peer);
    if (h)
        smtp_accepted(fd, a->service, a->peer, h->given && h->tls);
    else
        refuse(fd, a->peer, "no PROXY header");
    free(a->service);
    free(a);
}

void smtp_proxied(int fd, const char *service, const char *peer)
{
    if (!nets_match_any(smtp_conf->proxy_networks, peer)) {
        refuse(fd, peer, "not in proxy_networks");
        return;
    }
    if (proxy_awaited() >= AWAITED_MAX) {
        refuse(fd, peer, "too many connections without a PROXY header");
        return;
    }
    struct arrival *a = xcalloc(1, sizeof *a);
    a->service = xstrdup(service);
    strncpy(a->peer, peer, sizeof a->peer - 1);
    proxy_receive(smtp_loop(), fd, on_header, a);
}
