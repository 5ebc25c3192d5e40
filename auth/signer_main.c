/*
 * signer_main.c - posthouse-signer: holds the private key and signs handshakes for processes that face
 * strangers. Unprivileged under a uid of its own, in an empty root; the files come open from authd, again
 * whenever they change.
 *
 * It also makes the key of session tickets, which all those processes share, a new one each day. The records are
 * those of base/tls.h; of what it is asked to sign it knows no more than that it is a digest.
 */
#include "auth/auth_proto.h"
#include "auth/signer_digest.h"
#include "auth/signer_store.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/tls.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

enum {
    CONNS_MAX = 4608, /* with login_isolation = connection each client has one, up to its login */
    SIGNATURE_MAX = 4096,
    LISTENERS_MAX = 2,
    SIGNATURES_PER_SECOND = 5000,
    TICKET_KEY_MS = 86400 * 1000,
    WARN_DAYS = 14,
};

static struct child *self;
static struct loop *loop;
static struct signer_store *store;
static unsigned char ticket_key[TLS_TICKET_KEY];
static struct timer ticket_timer, day_timer;
static uint64_t generation_base; /* random: ours are not those of the process before us */
static uint64_t rate_second;
static unsigned rate;
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

static uint64_t seconds(void)
{
    return loop_now(loop) / 1000;
}

/* From the certificate itself: after a restart of ours the others need not ask anew before they can go on. */
static uint64_t serial_of(const struct signer_pair *pair)
{
    unsigned char digest[32];
    uint64_t serial;
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, pair->chain.data, pair->chain.len, digest) < 0)
        log_fatal("SHA-256 is not to be had");
    memcpy(&serial, digest, sizeof(serial));
    return serial | 1;
}

static void warn_of_expiry(void *arg, const char *name, const struct signer_pair *pair)
{
    int64_t left = (int64_t)pair->expires - (int64_t)time(NULL);
    (void)arg;
    if (left < 0)
        log_warn("certificate %s has expired", *name ? name : "of tls_certificate");
    else if (left < WARN_DAYS * 86400)
        log_warn("certificate %s expires in %d days", *name ? name : "of tls_certificate",
                 (int)(left / 86400));
}

/* name: its place; path: for the log. */
static void take_pair(const char *name, const char *path, int chain_fd, int key_fd)
{
    struct signer_pair fresh = {.serial = 0};
    uint64_t serials[TLS_KINDS];
    struct err e;
    if (signer_pair_read(&fresh, chain_fd, key_fd, &e) != 0) {
        bool other = signer_store_find(store, BYTES(""), serials) > 0;
        log_error("certificate %s: %s; %s", path, e.text,
                  *name   ? "what was there before stays in use, or there is none for this name"
                  : other ? "the one in use stays"
                          : "there is no TLS until this is put right");
        return;
    }
    fresh.serial = serial_of(&fresh);
    warn_of_expiry(NULL, *name ? name : path, &fresh);
    signer_store_put(store, name, &fresh, seconds());
    log_info("certificate %s is in use", path);
}

/* ---- tickets ---- */

/* Of a new key nobody has a ticket: each client makes one whole handshake, and goes on. */
static void new_ticket_key(void *arg)
{
    (void)arg;
    if (getrandom(ticket_key, sizeof(ticket_key), 0) != sizeof(ticket_key))
        log_fatal("getrandom: %m");
    timer_set(loop, &ticket_timer, TICKET_KEY_MS);
}

static void each_day(void *arg)
{
    (void)arg;
    signer_store_each(store, warn_of_expiry, NULL);
    timer_set(loop, &day_timer, 86400 * 1000);
}

/* ---- requests ---- */

static void answer_chain(struct chan *ch, uint64_t serial)
{
    AUTO_MSG struct msg m;
    uint64_t serials[TLS_KINDS];
    if (serial == 0 && signer_store_find(store, BYTES(""), serials) > 0)
        serial = serials[0];
    const struct signer_pair *pair = signer_store_pair(store, serial);
    msg_init(&m, TLS_SIGNER_CHAIN);
    msg_put_u64(&m, pair ? pair->serial : 0);
    msg_put_bytes(&m, pair ? strbuf_bytes(&pair->chain) : BYTES(""));
    chan_send(ch, &m);
}

static void answer_name(struct chan *ch, struct bytes name)
{
    AUTO_MSG struct msg m;
    uint64_t serials[TLS_KINDS];
    unsigned n = signer_store_find(store, name, serials);
    msg_init(&m, TLS_SIGNER_NAME);
    msg_put_u32(&m, n);
    for (unsigned i = 0; i < n; i++)
        msg_put_u64(&m, serials[i]);
    chan_send(ch, &m);
}

static void answer_state(struct chan *ch)
{
    struct msg m;
    msg_init(&m, TLS_SIGNER_STATE);
    msg_put_u64(&m, generation_base + signer_store_generation(store));
    msg_put_bytes(&m, bytes_from(ticket_key, sizeof(ticket_key)));
    chan_send(ch, &m);
    explicit_bzero(m.buf.data, m.buf.len);
    msg_done(&m);
}

/* Nobody makes handshakes so fast: who asks for more wants signatures for something else. */
static bool too_fast(void)
{
    uint64_t now = seconds();
    if (now != rate_second)
        rate = 0;
    rate_second = now;
    return ++rate > SIGNATURES_PER_SECOND;
}

static void answer_signature(struct chan *ch, uint64_t serial, uint32_t algorithm, struct bytes digest)
{
    AUTO_STRBUF struct strbuf signature = STRBUF_INIT(SIGNATURE_MAX);
    const struct signer_pair *pair = signer_store_pair(store, serial);
    const char *why = NULL;
    if (!pair)
        why = "the certificate is no longer in use";
    else if (too_fast())
        why = "too many in one second";
    else if (!signer_digest_ok((gnutls_sign_algorithm_t)algorithm, digest) ||
             !signer_pair_sign(pair, (gnutls_sign_algorithm_t)algorithm, digest, &signature))
        why = "not a digest that this key signs";
    if (why)
        log_warn("no signature: %s", why);
    AUTO_MSG struct msg m;
    msg_init(&m, TLS_SIGNER_SIGN);
    msg_put_u32(&m, !why);
    msg_put_bytes(&m, why ? BYTES("") : strbuf_bytes(&signature));
    chan_send(ch, &m);
}

static bool dispatch_sign(struct chan *ch, struct msg_in *in)
{
    uint64_t serial = msg_get_u64(in);
    uint32_t algorithm = msg_get_u32(in);
    struct bytes digest = msg_get_bytes(in);
    if (!msg_end(in))
        return false;
    answer_signature(ch, serial, algorithm, digest);
    return true;
}

static bool dispatch_chain(struct chan *ch, struct msg_in *in)
{
    uint64_t serial = msg_get_u64(in);
    if (!msg_end(in))
        return false;
    answer_chain(ch, serial);
    return true;
}

static bool dispatch_name(struct chan *ch, struct msg_in *in)
{
    struct bytes name = msg_get_bytes(in);
    if (!msg_end(in) || name.n > PAIR_NAME_OCTETS)
        return false;
    answer_name(ch, name);
    return true;
}

static bool dispatch_state(struct chan *ch, struct msg_in *in)
{
    if (!msg_end(in))
        return false;
    answer_state(ch);
    return true;
}

static bool dispatch(struct chan *ch, struct msg_in *in)
{
    static bool (*const answers[])(struct chan * ch, struct msg_in * in) = {
        [TLS_SIGNER_CHAIN] = dispatch_chain,
        [TLS_SIGNER_SIGN] = dispatch_sign,
        [TLS_SIGNER_NAME] = dispatch_name,
        [TLS_SIGNER_STATE] = dispatch_state,
    };
    return in->type < ARRAY_LEN(answers) && answers[in->type] && answers[in->type](ch, in);
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
    self = child;
    loop = child_loop(child);
    store = signer_store_new();
    if (getrandom(&generation_base, sizeof(generation_base), 0) != sizeof(generation_base))
        log_fatal("getrandom: %m");
    timer_init(&ticket_timer, new_ticket_key, NULL);
    timer_init(&day_timer, each_day, NULL);
    new_ticket_key(NULL);
    each_day(NULL);
}

static void send_taken(void)
{
    AUTO_MSG struct msg m;
    struct auth_record r = {.type = AUTH_CTL_CERTIFICATE_TAKEN};
    auth_record_write(&r, &m);
    chan_send(child_control(self), &m);
}

static void listen_all(void)
{
    if (listening)
        return;
    listening = true;
    for (size_t i = 0; i < nlisteners; i++)
        watch_listener(i);
}

static void message(struct msg_in *in)
{
    struct auth_record r;
    AUTO_CLOSE int chain_fd = in->nfds ? msg_get_fd(in) : -1;
    AUTO_CLOSE int key_fd = in->nfds > 1 ? msg_get_fd(in) : -1;
    if (!auth_record_read(in, &r) || r.type != AUTH_CTL_CERTIFICATE)
        log_fatal("malformed record %d from authd", in->type);
    AUTO_FREE char *path = bytes_dup(r.mail);
    AUTO_FREE char *name = bytes_dup(r.name);
    AUTO_FREE char *hostname = bytes_dup(r.text);
    if (!path || !name || !hostname)
        log_fatal("NUL in a record from authd");
    signer_store_tidy(store, seconds());
    if (!*name)
        signer_store_hostname(store, hostname);
    if (chain_fd >= 0 && key_fd >= 0)
        take_pair(name, path, chain_fd, key_fd);
    else if (r.has_text)
        signer_store_drop(store, name, seconds());
    send_taken();
    if (!*name)
        listen_all();
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
        .files = CONNS_MAX + 128,
        .data = 256u << 20,
        .sandbox = SANDBOX_AUTH,
    };
    return child_main(&hooks);
}
