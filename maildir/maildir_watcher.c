/*
 * maildir_watcher.c - a session's side of the watcher: see maildir_watcher.h. It never waits for the watcher: one that does not
 * take its records is as good as gone.
 */
#include "maildir/maildir_watcher.h"

#include "base/msg.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

/* The kernel counts descriptors on their way by uid: when hundreds of sessions send theirs at once, the watcher has to take some first. */
#define TRIES    200
#define PAUSE_NS 1000000

static int send_patiently(int fd, struct msg *m)
{
    int r = msg_send(fd, m);
    for (int i = 0; i < TRIES && r && errno == ETOOMANYREFS; i++) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        r = msg_send(fd, m);
    }
    return r;
}

int watcher_add(int fd, uint32_t id, int new_fd, int cur_fd)
{
    AUTO_MSG struct msg m;
    msg_init(&m, WATCHER_ADD);
    msg_put_u32(&m, id);
    msg_put_fd(&m, new_fd);
    msg_put_fd(&m, cur_fd);
    return send_patiently(fd, &m);
}

int watcher_drop(int fd, uint32_t id)
{
    AUTO_MSG struct msg m;
    msg_init(&m, WATCHER_DROP);
    msg_put_u32(&m, id);
    return msg_send(fd, &m);
}

int watcher_drain(int fd)
{
    char octets[16];
    int said = 0;
    for (;;) {
        ssize_t n = recv(fd, octets, sizeof octets, MSG_DONTWAIT);
        if (n > 0)
            said = 1;
        else if (n == 0 || errno != EINTR)
            return n < 0 && errno == EAGAIN ? said : -1;
    }
}
