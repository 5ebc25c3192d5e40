/*
 * remote_wire.c - sockets, deadlines and TLS for the sequential SMTP client. See remote_wire.h.
 *
 * The socket is non-blocking and every wait is a poll with what is left of the operation's deadline, so that
 * a server which sends one octet a minute gains nothing.
 */
#include "relay/remote_wire.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define ADDRESSES_MAX 8

struct wire {
    int fd;
    bool loopback, broken;
    gnutls_session_t tls;
    struct strbuf in;
    uint64_t deadline; /* of the operation in progress, ms */
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int wait_for(struct wire *w, short events, struct err *e)
{
    for (;;) {
        uint64_t now = now_ms();
        struct pollfd p = {.fd = w->fd, .events = events};
        if (now >= w->deadline)
            return err_set(e, ERR_TEMP, "the server took too long");
        int n = poll(&p, 1, (int)(w->deadline - now));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return err_errno(e, errno, "poll");
    }
}

static void start_clock(struct wire *w, unsigned seconds)
{
    w->deadline = now_ms() + seconds * 1000ULL;
}

/* ---- connecting ---- */

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
    return sa->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static int connect_one(struct wire *w, const struct addrinfo *ai, struct err *e)
{
    int error = 0;
    socklen_t len = sizeof error;
    w->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->fd < 0)
        return err_errno(e, errno, "socket");
    w->loopback = is_loopback(ai->ai_addr);
    int yes = 1; /* every write of ours is a whole: nothing is to be waited for (40 ms against a delayed ACK) */
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(w->fd, ai->ai_addr, ai->ai_addrlen) && errno != EINPROGRESS)
        return err_errno(e, errno, "connect");
    if (wait_for(w, POLLOUT, e))
        return -1;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
        return err_errno(e, error ? error : errno, "connect");
    return 0;
}

struct wire *wire_connect(const char *host, const char *port, unsigned seconds, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
    int r = getaddrinfo(host, port, &hints, &list);
    if (r) {
        err_set(e, ERR_TEMP, "%s", gai_strerror(r));
        return NULL;
    }
    struct wire *w = xcalloc(1, sizeof *w);
    w->fd = -1;
    strbuf_init(&w->in, REPLY_MAX + 1);
    int n = 0, failed = err_set(e, ERR_TEMP, "it has no address");
    for (struct addrinfo *ai = list; ai && failed && n < ADDRESSES_MAX; ai = ai->ai_next, n++) {
        cleanup_close(&w->fd);
        start_clock(w, seconds);
        failed = connect_one(w, ai, e);
    }
    freeaddrinfo(list);
    if (!failed)
        return w;
    wire_free(w);
    return NULL;
}

void wire_free(struct wire *w)
{
    if (!w)
        return;
    if (w->tls && !w->broken)
        gnutls_bye(w->tls, GNUTLS_SHUT_WR);
    tls_session_free(w->tls);
    cleanup_close(&w->fd);
    strbuf_done(&w->in);
    free(w);
}

bool wire_loopback(const struct wire *w)
{
    return w->loopback;
}

bool wire_secure(const struct wire *w)
{
    return w->tls;
}

/* ---- TLS ---- */

static int tls_failed(struct wire *w, int code, struct err *e)
{
    w->broken = true;
    if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
        return err_set(e, ERR_TEMP,
                       "its certificate is not valid for that name or not signed by a known authority");
    return err_set(e, ERR_TEMP, "TLS: %s", gnutls_strerror(code));
}

/* After E_AGAIN: wait for what GnuTLS wants. */
static int tls_wait(struct wire *w, int code, struct err *e)
{
    if (code == GNUTLS_E_INTERRUPTED)
        return 0;
    if (code != GNUTLS_E_AGAIN)
        return gnutls_error_is_fatal(code) ? tls_failed(w, code, e) : 0;
    return wait_for(w, gnutls_record_get_direction(w->tls) ? POLLOUT : POLLIN, e);
}

int wire_start_tls(struct wire *w, const char *host, unsigned seconds, struct err *e)
{
    static struct tls_context *checked, *unchecked;
    struct tls_context **ctx = w->loopback ? &unchecked : &checked;
    char byte;
    if (w->in.len || recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        return err_set(e, ERR_TEMP, "the server spoke before the TLS handshake; is somebody in between?");
    if (!*ctx)
        *ctx = tls_client_context(!w->loopback, e);
    if (!*ctx)
        return -1;
    w->tls = tls_session_new(*ctx, w->fd, host);
    if (!w->tls)
        return err_set(e, ERR_TEMP, "TLS: no session");
    start_clock(w, seconds);
    int r;
    while ((r = gnutls_handshake(w->tls)) != GNUTLS_E_SUCCESS)
        if (tls_wait(w, r, e)) {
            w->broken = true;
            return -1;
        }
    return 0;
}

/* ---- moving bytes ---- */

static ssize_t send_some(struct wire *w, struct bytes b, struct err *e)
{
    if (w->tls) {
        ssize_t n = gnutls_record_send(w->tls, b.p, b.n);
        return n >= 0 ? n : tls_wait(w, (int)n, e);
    }
    ssize_t n = send(w->fd, b.p, b.n, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    if (errno == EINTR)
        return 0;
    return errno == EAGAIN ? wait_for(w, POLLOUT, e) : err_errno(e, errno, "sending");
}

int wire_send(struct wire *w, struct bytes b, unsigned seconds, struct err *e)
{
    start_clock(w, seconds);
    while (b.n) {
        ssize_t n = send_some(w, b, e);
        if (n < 0)
            return -1;
        b = bytes_skip(b, (size_t)n);
    }
    return 0;
}

/* More input. */
static int receive_some(struct wire *w, struct err *e)
{
    char buf[4096];
    ssize_t n;
    if (w->tls) {
        n = gnutls_record_recv(w->tls, buf, sizeof buf);
        if (n < 0)
            return tls_wait(w, (int)n, e);
    } else {
        n = recv(w->fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EAGAIN)
            return wait_for(w, POLLIN, e);
        if (n < 0)
            return errno == EINTR ? 0 : err_errno(e, errno, "receiving");
    }
    if (n == 0)
        return err_set(e, ERR_TEMP, "the server closed the connection");
    return strbuf_add(&w->in, buf, (size_t)n) ? 0 : err_set(e, ERR_TEMP, "the server's reply is too long");
}

int wire_reply(struct wire *w, struct reply *r, unsigned seconds, struct err *e)
{
    size_t used;
    start_clock(w, seconds);
    for (;;) {
        enum reply_status status = reply_parse(strbuf_bytes(&w->in), r, &used);
        if (status == REPLY_BAD)
            return err_set(e, ERR_TEMP, "the server's reply is malformed");
        if (status == REPLY_DONE) {
            strbuf_consume(&w->in, used);
            return 0;
        }
        if (receive_some(w, e))
            return -1;
    }
}
