/*
 * proxy_receive.c - reading a PROXY header and not one octet more: what follows it is the client's, perhaps for TLS.
 *
 * We look without taking (MSG_PEEK), and then take what belongs to the header. While it is not whole all that is there belongs
 * to it, so nothing is looked at twice and epoll does not wake us for it again.
 */
#include "base/cleanup.h"
#include "base/proxy.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct awaited {
    struct loop *loop;
    struct watch watch;
    struct timer deadline;
    struct strbuf got;
    proxy_fn *fn;
    void *arg;
};

static unsigned nawaited;

unsigned proxy_awaited(void)
{
    return nawaited;
}

static void finish(struct awaited *a, const struct proxy_header *h)
{
    loop_unwatch(a->loop, &a->watch);
    timer_stop(a->loop, &a->deadline);
    strbuf_done(&a->got);
    nawaited--;
    struct awaited copy = *a;
    free(a);
    copy.fn(copy.watch.fd, h, copy.arg);
}

/* Take what was looked at. */
static bool take(struct awaited *a, size_t n)
{
    char *room = strbuf_room(&a->got, n);
    if (!room || recv(a->watch.fd, room, n, 0) != (ssize_t)n)
        return false;
    strbuf_extend(&a->got, n);
    return true;
}

static void on_input(void *arg, uint32_t events)
{
    struct awaited *a = arg;
    struct proxy_header h;
    char block[PROXY_HEADER_MAX];
    (void)events;
    memcpy(block, a->got.data, a->got.len);
    ssize_t n = recv(a->watch.fd, block + a->got.len, sizeof block - a->got.len, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        finish(a, NULL);
        return;
    }
    enum proxy_result result = proxy_parse(bytes_from(block, a->got.len + (size_t)n), &h);
    if (result == PROXY_MORE && take(a, (size_t)n) && a->got.len < sizeof block)
        return;
    bool done = result == PROXY_DONE && take(a, h.size - a->got.len);
    finish(a, done ? &h : NULL);
}

static void on_deadline(void *arg)
{
    finish(arg, NULL);
}

void proxy_receive(struct loop *loop, int fd, proxy_fn *fn, void *arg)
{
    struct awaited *a = xcalloc(1, sizeof *a);
    *a = (struct awaited){.loop = loop, .fn = fn, .arg = arg};
    strbuf_init(&a->got, PROXY_HEADER_MAX);
    nawaited++;
    timer_init(&a->deadline, on_deadline, a);
    timer_set(loop, &a->deadline, PROXY_SECONDS * 1000);
    loop_watch(loop, &a->watch, fd, EPOLLIN, on_input, a);
}
