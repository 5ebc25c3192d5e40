/*
 * signer_main.c - posthouse-signer: holds the private key and signs handshakes for processes that face
 * strangers. Unprivileged under a uid of its own, in an empty root; the files come open from authd, again
 * whenever they change.
 *
 * The two latest pairs are kept: what began with the certificate before the renewal ends with it. The records
 * are those of base/tls.h.
 */
#include "auth/auth_proto.h"
#include "auth/signer_digest.h"
#include "auth/signer_pair.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/tls.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { PAIRS = 2, CONNS_MAX = 512, SIGNATURE_MAX = 4096, LISTENERS_MAX = 2 };

static struct loop *loop;
static struct signer_pair pairs[PAIRS]; /* the current one first */
static uid_t net_uid = (uid_t)-1, own_uid = (uid_t)-1;
static size_t conns;

static struct {
    struct watch watch;
    int fd;
} listeners[LISTENERS_MAX];
static size_t nlisteners;
static bool listening; /* begins when authd has handed over what it has: nobody is told too early that there
                          is nothing */

/* ---- the pairs ---- */

/* Serials are random above zero: one from before a restart of ours names nothing by accident. */
static uint64_t new_serial(void)
{
    uint64_t serial;
    if (getrandom(&serial, sizeof(serial), 0) != sizeof(serial))
        log_fatal("getrandom: %m");
    return serial | 1;
}

static void take_pair(int chain_fd, int key_fd, const char *name)
{
    struct signer_pair fresh = {.serial = new_serial()};
    struct err e;
    if (signer_pair_read(&fresh, chain_fd, key_fd, &e) != 0) {
        log_error("certificate %s: %s; %s", name, e.text,
                  pairs[0].serial ? "the one in use stays" : "there is no TLS until this is put right");
        return;
    }
    signer_pair_done(&pairs[PAIRS - 1]);
    memmove(&pairs[1], &pairs[0], sizeof(pairs[0]) * (PAIRS - 1));
    pairs[0] = fresh;
    log_info("certificate %s is in use", name);
}

static const struct signer_pair *pair_of(uint64_t serial)
{
    for (size_t i = 0; serial && i < PAIRS; i++)
        if (pairs[i].serial == serial)
            return &pairs[i];
    return NULL;
}

/* ---- requests ---- */

static void answer_chain(struct chan *ch)
{
    AUTO_MSG struct msg m;
    msg_init(&m, TLS_SIGNER_CHAIN);
    msg_put_u64(&m, pairs[0].serial);
    msg_put_bytes(&m, pairs[0].serial ? strbuf_bytes(&pairs[0].chain) : BYTES(""));
    chan_send(ch, &m);
}

static void answer_signature(struct chan *ch, uint64_t serial, uint32_t algorithm, struct bytes digest)
{
    AUTO_STRBUF struct strbuf signature = STRBUF_INIT(SIGNATURE_MAX);
    const struct signer_pair *pair = pair_of(serial);
    bool ok = pair && signer_digest_ok((gnutls_sign_algorithm_t)algorithm, digest) &&
              signer_pair_sign(pair, (gnutls_sign_algorithm_t)algorithm, digest, &signature);
    if (!ok)
        log_warn("no signature: %s",
                 pair ? "not a digest that this key signs" : "the certificate is no longer in use");
    AUTO_MSG struct msg m;
    msg_init(&m, TLS_SIGNER_SIGN);
    msg_put_u32(&m, ok);
    msg_put_bytes(&m, ok ? strbuf_bytes(&signature) : BYTES(""));
    chan_send(ch, &m);
}

static bool dispatch(struct chan *ch, struct msg_in *in)
{
    if (in->type == TLS_SIGNER_CHAIN) {
        if (!msg_end(in))
            return false;
        answer_chain(ch);
        return true;
    }
    if (in->type != TLS_SIGNER_SIGN)
        return false;
    uint64_t serial = msg_get_u64(in);
    uint32_t algorithm = msg_get_u32(in);
    struct bytes digest = msg_get_bytes(in);
    if (!msg_end(in))
        return false;
    answer_signature(ch, serial, algorithm, digest);
    return true;
}

static void on_chan(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)arg;
    if (in && dispatch(ch, in))
        return;
    if (in)
        log_error("malformed record %d; disconnected", in->type);
    conns--;
    chan_free(ch);
}

/* ---- connections ---- */

static void on_listener(void *arg, uint32_t events)
{
    const int *listener = arg;
    uid_t uid = (uid_t)-1;
    pid_t pid = -1;
    (void)events;
    int fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            log_error("accept: %m");
        return;
    }
    struct chan *ch = chan_new(loop, fd, on_chan, NULL);
    conns++;
    bool known = chan_peer(ch, &uid, &pid) == 0 && (uid == 0 || uid == net_uid || uid == own_uid);
    if (known && conns <= CONNS_MAX)
        return;
    log_warn("process %d of uid %d may not connect here", (int)pid, (int)uid);
    conns--;
    chan_free(ch);
}

static void watch_listener(size_t i)
{
    if (listening)
        loop_watch(loop, &listeners[i].watch, listeners[i].fd, EPOLLIN, on_listener, &listeners[i].fd);
}

static void listen_begin(void)
{
    for (size_t i = 0; i < nlisteners; i++) {
        if (loop)
            loop_unwatch(loop, &listeners[i].watch);
        close(listeners[i].fd);
    }
    nlisteners = 0;
}

static void listen_on(const char *name, int fd)
{
    if (nlisteners == LISTENERS_MAX) {
        log_error("no use for a listening socket named %s", name);
        close(fd);
        return;
    }
    listeners[nlisteners].fd = fd;
    watch_listener(nlisteners++);
}

/* ---- life ---- */

static void before_step_down(const struct priv *who)
{
    const struct passwd *pw = getpwnam("posthouse-net");
    if (who->uid == (uid_t)-1)
        own_uid = getuid();
    else if (pw)
        net_uid = pw->pw_uid;
    gnutls_global_init(); /* reads its own configuration now, while there is a file system */
}

static void start(struct child *child)
{
    loop = child_loop(child);
}

static void message(struct msg_in *in)
{
    struct auth_record r;
    AUTO_CLOSE int chain_fd = in->nfds ? msg_get_fd(in) : -1;
    AUTO_CLOSE int key_fd = in->nfds > 1 ? msg_get_fd(in) : -1;
    if (!auth_record_read(in, &r) || r.type != AUTH_CTL_CERTIFICATE)
        log_fatal("malformed record %d from authd", in->type);
    AUTO_FREE char *name = bytes_dup(r.mail);
    if (chain_fd >= 0 && key_fd >= 0)
        take_pair(chain_fd, key_fd, name ? name : "?");
    if (listening)
        return;
    listening = true;
    for (size_t i = 0; i < nlisteners; i++)
        watch_listener(i);
}

int main(void)
{
    static const struct child_hooks hooks = {
        .program = "signer",
        .listen_begin = listen_begin,
        .listen = listen_on,
        .before_step_down = before_step_down,
        .start = start,
        .message = message,
        .files = 1024,
        .data = 256u << 20,
        .sandbox = SANDBOX_AUTH,
    };
    return child_main(&hooks);
}
