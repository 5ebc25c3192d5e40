/*
 * master_activate.c - listening sockets that the service manager has opened for us (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, from
 * descriptor 3 on). Whoever asks for an address that one of them has gets it instead of a fresh one; so connections that came before
 * we did are waiting in it, and none is refused while we are restarted. Names that were given to them mean nothing to us.
 */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/master_internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { FIRST_FD = 3, SOCKETS_MAX = 256 };

static struct given {
    int fd;    /* -1: taken */
    bool dual; /* IPv6 that takes IPv4, too */
    struct sockaddr_storage address;
} given[SOCKETS_MAX];
static size_t ngiven;

static bool number(const char *text, uint64_t max, uint64_t *value)
{
    return text && bytes_to_u64(bytes_of(text), max, value);
}

static void take(int fd)
{
    struct given g = {.fd = fd};
    socklen_t size = sizeof g.address, n = sizeof(int);
    int listening = 0, only6 = 1;
    if (getsockname(fd, (struct sockaddr *)&g.address, &size) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) || !listening ||
        (g.address.ss_family != AF_INET && g.address.ss_family != AF_INET6)) {
        log_warn("descriptor %d from the service manager is no listening Internet socket; not used", fd);
        close(fd);
        return;
    }
    n = sizeof only6;
    if (g.address.ss_family == AF_INET6 && !getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only6, &n))
        g.dual = !only6;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    given[ngiven++] = g;
}

void activate_begin(void)
{
    uint64_t pid, n;
    bool ours = number(getenv("LISTEN_PID"), INT32_MAX, &pid) && pid == (uint64_t)getpid() &&
                number(getenv("LISTEN_FDS"), SOCKETS_MAX, &n);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    for (uint64_t i = 0; ours && i < n; i++)
        take(FIRST_FD + (int)i);
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr *b)
{
    const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
    const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
    if (a->ss_family != b->sa_family)
        return false;
    if (a->ss_family == AF_INET)
        return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    return a6->sin6_port == b6->sin6_port && !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr);
}

int activate_take(const struct sockaddr *address)
{
    static const int on = 1;
    for (size_t i = 0; i < ngiven; i++) {
        if (given[i].fd < 0 || !same_address(&given[i].address, address))
            continue;
        setsockopt(given[i].fd, IPPROTO_TCP, 1 /* TCP_NODELAY, inherited by what is accepted */, &on,
                   sizeof on);
        return TAKE_FD(given[i].fd);
    }
    return -1;
}

bool activate_covers(const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const void *)address;
    if (address->sa_family != AF_INET || four->sin_addr.s_addr != htonl(INADDR_ANY))
        return false;
    for (size_t i = 0; i < ngiven; i++) {
        const struct sockaddr_in6 *six = (const void *)&given[i].address;
        if (given[i].dual && six->sin6_port == four->sin_port && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
            return true;
    }
    return false;
}

void activate_end(void)
{
    for (size_t i = 0; i < ngiven; i++) {
        if (given[i].fd < 0)
            continue;
        log_warn("the service manager has opened a socket that the configuration does not ask for; closed");
        close(given[i].fd);
        given[i].fd = -1;
    }
}
