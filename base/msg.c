/*
 * msg.c - records, their fields, and the seqpacket sockets that carry them. See msg.h.
 *
 * On the wire: type (2 octets), then fields: u32 and u64 as 4 and 8 octets in host order (both ends are on
 * this machine), bytes as a u32 length and the octets. A packet longer than MSG_MAX or cut off by the kernel
 * is never half-read: it is an error.
 */
#include "base/msg.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE_CAP (4u << 20)

/* ---- writing fields ---- */

static void put(struct msg *m, const void *p, size_t n)
{
    if (!strbuf_add(&m->buf, p, n))
        m->bad = true;
}

void msg_init(struct msg *m, uint16_t type)
{
    *m = (struct msg){.nfds = 0};
    strbuf_init(&m->buf, MSG_MAX);
    put(m, &type, sizeof type);
}

void msg_done(struct msg *m)
{
    strbuf_done(&m->buf);
}

void msg_put_u32(struct msg *m, uint32_t v)
{
    put(m, &v, sizeof v);
}

void msg_put_u64(struct msg *m, uint64_t v)
{
    put(m, &v, sizeof v);
}

void msg_put_bytes(struct msg *m, struct bytes b)
{
    if (b.n > MSG_MAX) {
        m->bad = true;
        return;
    }
    msg_put_u32(m, (uint32_t)b.n);
    put(m, b.p ? b.p : "", b.n);
}

void msg_put_str(struct msg *m, const char *s)
{
    msg_put_bytes(m, bytes_of(s ? s : ""));
}

void msg_put_fd(struct msg *m, int fd)
{
    if (fd < 0 || m->nfds == MSG_FDS_MAX)
        m->bad = true;
    else
        m->fds[m->nfds++] = fd;
}

/* ---- reading fields ---- */

static bool get(struct msg_in *in, void *p, size_t n)
{
    if (in->bad || in->rest.n < n) {
        in->bad = true;
        memset(p, 0, n);
        return false;
    }
    memcpy(p, in->rest.p, n);
    in->rest = bytes_skip(in->rest, n);
    return true;
}

uint32_t msg_get_u32(struct msg_in *in)
{
    uint32_t v;
    get(in, &v, sizeof v);
    return v;
}

uint64_t msg_get_u64(struct msg_in *in)
{
    uint64_t v;
    get(in, &v, sizeof v);
    return v;
}

struct bytes msg_get_bytes(struct msg_in *in)
{
    uint32_t n = msg_get_u32(in);
    if (in->bad || n > in->rest.n) {
        in->bad = true;
        return BYTES("");
    }
    struct bytes b = {in->rest.p, n};
    in->rest = bytes_skip(in->rest, n);
    return b;
}

char *msg_get_str(struct msg_in *in)
{
    char *s = bytes_dup(msg_get_bytes(in));
    if (!s) {
        in->bad = true;
        s = xstrdup("");
    }
    return s;
}

int msg_get_fd(struct msg_in *in)
{
    if (in->next_fd == in->nfds) {
        in->bad = true;
        return -1;
    }
    int fd = TAKE_FD(in->fds[in->next_fd]);
    in->next_fd++;
    return fd;
}

bool msg_end(struct msg_in *in)
{
    return !in->bad && in->rest.n == 0 && in->next_fd == in->nfds;
}

void msg_in_done(struct msg_in *in)
{
    for (unsigned i = 0; i < in->nfds; i++)
        if (in->fds[i] >= 0)
            close(in->fds[i]);
    in->nfds = 0;
}

/* ---- packets ---- */

union control {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

static int send_packet(int fd, const void *p, size_t n, const int *fds, unsigned nfds, int flags)
{
    union control control = {.space = {0}};
    struct iovec iov = {(void *)p, n};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    if (nfds) {
        h.msg_control = control.space;
        h.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &h, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

static void take_fds(struct msghdr *h, struct msg_in *in)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (in->nfds < MSG_FDS_MAX)
                in->fds[in->nfds++] = fd;
            else
                close(fd);
        }
    }
}

/* 1: a record; 0: end of connection; -1 with errno. */
static int recv_packet(int fd, struct strbuf *buf, struct msg_in *in, int flags)
{
    union control control;
    strbuf_clear(buf);
    struct iovec iov = {strbuf_room(buf, MSG_MAX), MSG_MAX};
    struct msghdr h = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    *in = (struct msg_in){.nfds = 0};
    ssize_t n;
    do
        n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | flags);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return (int)n;
    strbuf_extend(buf, (size_t)n);
    take_fds(&h, in);
    if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || n < (ssize_t)sizeof in->type) {
        msg_in_done(in);
        errno = EPROTO;
        return -1;
    }
    memcpy(&in->type, buf->data, sizeof in->type);
    in->rest = bytes_skip(strbuf_bytes(buf), sizeof in->type);
    return 1;
}

int msg_send(int fd, struct msg *m)
{
    if (m->bad) {
        errno = EMSGSIZE;
        return -1;
    }
    return send_packet(fd, m->buf.data, m->buf.len, m->fds, m->nfds, 0);
}

int msg_recv(int fd, struct strbuf *buf, struct msg_in *in, int timeout_ms)
{
    if (timeout_ms >= 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n;
        do
            n = poll(&p, 1, timeout_ms);
        while (n < 0 && errno == EINTR);
        if (n == 0)
            errno = EAGAIN;
        if (n <= 0)
            return -1;
    }
    if (buf->max < MSG_MAX)
        buf->max = MSG_MAX;
    return recv_packet(fd, buf, in, 0);
}

/* ---- channels ---- */

struct queued {
    struct queued *next;
    size_t n;
    unsigned nfds;
    int fds[MSG_FDS_MAX];
    char data[];
};

struct chan {
    struct loop *loop;
    struct watch watch;
    struct timer broken; /* tells the owner from the loop, not from inside chan_send */
    chan_fn *fn;
    void *arg;
    struct queued *first, **last;
    size_t queued;
    bool *freed;     /* set by chan_free while a callback runs */
    uint64_t looked; /* round of the loop in which it was last ready */
};

static void queued_free(struct queued *q)
{
    for (unsigned i = 0; i < q->nfds; i++)
        close(q->fds[i]);
    free(q);
}

void chan_free(struct chan *ch)
{
    if (!ch)
        return;
    if (ch->freed)
        *ch->freed = true;
    timer_stop(ch->loop, &ch->broken);
    loop_unwatch(ch->loop, &ch->watch);
    close(ch->watch.fd);
    for (struct queued *q = ch->first, *next; q; q = next) {
        next = q->next;
        queued_free(q);
    }
    free(ch);
}

static void tell_broken(void *arg)
{
    struct chan *ch = arg;
    ch->fn(ch, NULL, ch->arg);
}

static void chan_break(struct chan *ch)
{
    loop_unwatch(ch->loop, &ch->watch);
    timer_set(ch->loop, &ch->broken, 0);
}

static void chan_flush(struct chan *ch)
{
    while (ch->first) {
        struct queued *q = ch->first;
        if (send_packet(ch->watch.fd, q->data, q->n, q->fds, q->nfds, MSG_DONTWAIT)) {
            if (errno != EAGAIN)
                chan_break(ch);
            return;
        }
        ch->queued -= q->n;
        ch->first = q->next;
        if (!ch->first)
            ch->last = &ch->first;
        queued_free(q);
    }
    loop_rewatch(ch->loop, &ch->watch, EPOLLIN);
}

/* Several records are read in one go, but not for ever: others wait. A channel that was ready in the last round already
 * probably has more than one; for the others to look for a second one is a system call for nothing. */
static int records_at_once(struct chan *ch)
{
    uint64_t round = loop_round(ch->loop);
    bool busy = ch->looked + 1 == round;
    ch->looked = round;
    return busy ? 16 : 1;
}

static void on_chan(void *arg, uint32_t events)
{
    struct chan *ch = arg;
    bool freed = false;
    static struct strbuf buf = STRBUF_INIT(MSG_MAX); /* one record at a time in a process */
    if (events & EPOLLOUT)
        chan_flush(ch);
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    ch->freed = &freed;
    for (int i = records_at_once(ch); i > 0 && ch->watch.active; i--) {
        struct msg_in in;
        int got = recv_packet(ch->watch.fd, &buf, &in, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) {
            ch->looked = 0;
            break;
        }
        if (got <= 0) {
            loop_unwatch(ch->loop, &ch->watch);
            timer_stop(ch->loop, &ch->broken);
            ch->fn(ch, NULL, ch->arg);
            if (!freed)
                ch->freed = NULL;
            return;
        }
        ch->fn(ch, &in, ch->arg);
        msg_in_done(&in);
        explicit_bzero(buf.data, buf.len);
        if (freed)
            return;
    }
    ch->freed = NULL;
}

struct chan *chan_new(struct loop *loop, int fd, chan_fn *fn, void *arg)
{
    struct chan *ch = xcalloc(1, sizeof *ch);
    *ch = (struct chan){.loop = loop, .fn = fn, .arg = arg, .last = &ch->first};
    timer_init(&ch->broken, tell_broken, ch);
    loop_watch(loop, &ch->watch, fd, EPOLLIN, on_chan, ch);
    return ch;
}

static void enqueue(struct chan *ch, const struct msg *m)
{
    struct queued *q = xcalloc(1, sizeof *q + m->buf.len);
    q->n = m->buf.len;
    memcpy(q->data, m->buf.data, q->n);
    for (; q->nfds < m->nfds; q->nfds++) {
        q->fds[q->nfds] = fcntl(m->fds[q->nfds], F_DUPFD_CLOEXEC, 0);
        if (q->fds[q->nfds] < 0) {
            queued_free(q);
            chan_break(ch);
            return;
        }
    }
    *ch->last = q;
    ch->last = &q->next;
    ch->queued += q->n;
    loop_rewatch(ch->loop, &ch->watch, EPOLLIN | EPOLLOUT);
}

void chan_send(struct chan *ch, struct msg *m)
{
    if (!ch->watch.active)
        return;
    if (m->bad || ch->queued + m->buf.len > QUEUE_CAP) {
        log_warn("a record of type %d could not be sent to a local process: %s",
                 m->buf.len >= 2 ? *(const uint16_t *)(const void *)m->buf.data : 0,
                 m->bad ? "too large" : "it does not read");
        chan_break(ch);
        return;
    }
    if (!ch->first && !send_packet(ch->watch.fd, m->buf.data, m->buf.len, m->fds, m->nfds, MSG_DONTWAIT))
        return;
    if (ch->first || errno == EAGAIN)
        enqueue(ch, m);
    else
        chan_break(ch);
}

int chan_fd(const struct chan *ch)
{
    return ch->watch.fd;
}

int chan_peer(const struct chan *ch, uid_t *uid, pid_t *pid)
{
    struct ucred cred;
    socklen_t n = sizeof cred;
    if (getsockopt(ch->watch.fd, SOL_SOCKET, SO_PEERCRED, &cred, &n))
        return -1;
    *uid = cred.uid;
    *pid = cred.pid;
    return 0;
}

/* ---- paths ---- */

static int local_socket(const char *path, struct sockaddr_un *addr)
{
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(addr->sun_path, path, strlen(path));
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int msg_listen(const char *path, mode_t mode)
{
    struct sockaddr_un addr;
    AUTO_CLOSE int fd = local_socket(path, &addr);
    if (fd < 0)
        return -1;
    if (unlink(path) && errno != ENOENT)
        return -1;
    mode_t old = umask(0177);
    int failed = bind(fd, (struct sockaddr *)&addr, sizeof addr);
    umask(old);
    if (failed || chmod(path, mode) || listen(fd, 512))
        return -1;
    return TAKE_FD(fd);
}

int msg_connect(const char *path)
{
    struct sockaddr_un addr;
    AUTO_CLOSE int fd = local_socket(path, &addr);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) || fs_set_nonblock(fd, false))
        return -1;
    return TAKE_FD(fd);
}
