/*
 * msg.h - typed records with descriptors over a local seqpacket socket.
 *
 * One packet is one record: a 16-bit type, then fields written and read in a fixed order, each length-prefixed,
 * so that data never becomes syntax. A reader takes fields out with msg_get_*; the first malformed one sets `bad` (sticky)
 * and yields zero or empty, and msg_end says whether everything was well-formed and used up.
 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include "base/bytes.h"
#include "base/event.h"
#include "base/strbuf.h"

#include <sys/types.h>

#define MSG_MAX     65536 /* bytes of one record */
#define MSG_FDS_MAX 4

/* A record being written. */
struct msg {
    struct strbuf buf;
    int fds[MSG_FDS_MAX]; /* borrowed until sent */
    unsigned nfds;
    bool bad; /* a field did not fit */
};

void msg_init(struct msg *m, uint16_t type);
void msg_done(struct msg *m);
#define AUTO_MSG __attribute__((cleanup(msg_done)))
void msg_put_u32(struct msg *m, uint32_t v);
void msg_put_u64(struct msg *m, uint64_t v);
void msg_put_bytes(struct msg *m, struct bytes b);
void msg_put_str(struct msg *m, const char *s); /* NULL is written as empty */
void msg_put_fd(struct msg *m, int fd);

/* A record being read. */
struct msg_in {
    uint16_t type;
    struct bytes rest;    /* fields not yet read */
    int fds[MSG_FDS_MAX]; /* received, close-on-exec; those not taken are closed by msg_in_done */
    unsigned nfds, next_fd;
    bool bad;
};

uint32_t msg_get_u32(struct msg_in *in);
uint64_t msg_get_u64(struct msg_in *in);
/* Borrowed from the receive buffer: valid while the record is handled. */
struct bytes msg_get_bytes(struct msg_in *in);
/* malloc'ed copy, "" if bad or if the field holds a NUL (which sets bad). Never NULL. */
char *msg_get_str(struct msg_in *in);
int msg_get_fd(struct msg_in *in); /* the next descriptor, now the caller's; -1 (and bad) if there is none */
/* True if all fields were well-formed and none is left over. */
bool msg_end(struct msg_in *in);
/* Close the descriptors that were not taken. */
void msg_in_done(struct msg_in *in);

/* Blocking forms, for sequential code. 0 or -1 with errno (EMSGSIZE, EPIPE, EAGAIN after timeout ...). */
int msg_send(int fd, struct msg *m);
/* Wait at most timeout_ms (-1: for ever). buf holds the bytes. Returns 1, 0 at the end of the connection, -1 with errno. */
int msg_recv(int fd, struct strbuf *buf, struct msg_in *in, int timeout_ms);

/* A channel: one such socket in an event loop. */
struct chan;
/* in == NULL: the peer is gone (or has broken the rules); the owner must chan_free. Freeing inside the callback is fine. */
typedef void chan_fn(struct chan *ch, struct msg_in *in, void *arg);
struct chan *chan_new(struct loop *loop, int fd, chan_fn *fn, void *arg); /* takes over fd */
void chan_free(struct chan *ch);                                          /* NULL is fine */
/* Send, or queue if the socket is full (descriptors are duplicated then). After the queue's cap (4 MB) or an error the
 * channel is broken, which its callback is told. */
void chan_send(struct chan *ch, struct msg *m);
int chan_fd(const struct chan *ch);
/* uid and pid at the other end, from the kernel (SO_PEERCRED). */
int chan_peer(const struct chan *ch, uid_t *uid, pid_t *pid);

/* Listening and connecting on a path. 0600-style `mode` is set on the socket. -1 with errno. */
int msg_listen(const char *path, mode_t mode);
int msg_connect(const char *path);

#endif
