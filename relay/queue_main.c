/*
 * queue_main.c - posthouse-queue: owns the spool, routes recipients, drives deliveries. uid posthouse.
 *
 * It is not in a chroot: it must find run_dir/auth-lookup again whenever authd was restarted, and it speaks
 * with no stranger. What strangers said reaches it as fields of records from smtp (relay_msg.h); of messages
 * it reads the header's start only.
 */
#include "relay/queue_commit.h"
#include "relay/queue_drop.h"
#include "relay/queue_locals.h"
#include "relay/queue_remotes.h"
#include "relay/queue_runner.h"
#include "relay/queue_smtp.h"
#include "relay/queue_submit.h"
#include "relay/relay_conf.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define LISTENERS_MAX 8
#define LOOKUP_MEMORY_MS                                                                                     \
    1000 /* a new or changed account is seen so much later; relayd asks anew in any case */
#define CREDENTIALS_MAX  1024
#define ACCEPT_PER_ROUND 16

static struct queue queue;
static struct relay_conf *conf;
static struct siphash_key srs_key;
static struct drop *dropped;
static char *credentials; /* "user" NUL "password" */

struct listener {
    struct watch watch;
    int fd;
    void (*accept)(struct queue *q, int fd);
};
static struct listener listeners[LISTENERS_MAX];
static size_t nlisteners;

/* ---- what queue.h promises ---- */

uint64_t queue_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec;
}

void queue_begin(struct queue *q)
{
    q->busy++;
}

void queue_end(struct queue *q)
{
    if (--q->busy == 0 && q->draining)
        child_exit(q->child);
}

/* ---- settings ---- */

/* One line, user:password. On a reload the file may be out of our uid's reach: then what was known stays. */
static void read_credentials(const struct relay_conf *c)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf line = STRBUF_INIT(CREDENTIALS_MAX);
    struct err e;
    if (!c->smarthost_credentials) {
        free(TAKE_PTR(credentials));
        return;
    }
    if (fs_read_file(AT_FDCWD, c->smarthost_credentials, &line, &e)) {
        log_error("smarthost_credentials: %s%s", e.text,
                  credentials ? "; those read before stay in use" : "");
        return;
    }
    strbuf_truncate(&line, bytes_index(strbuf_bytes(&line), '\n'));
    size_t colon = bytes_index(strbuf_bytes(&line), ':');
    if (colon == line.len) {
        log_error("smarthost_credentials: %s: one line user:password is expected", c->smarthost_credentials);
        return;
    }
    line.data[colon] = '\0';
    free(credentials);
    credentials = strbuf_detach(&line);
}

static void take_over(struct relay_conf *c)
{
    const char *user = credentials ? credentials : "";
    route_maps_free(queue.route.maps);
    queue.route = route_rules_of(c);
    queue.route.srs_key = &srs_key;
    queue.schedule = (struct schedule_rules){.retry_first = (uint64_t)c->retry_first,
                                             .retry_max = (uint64_t)c->retry_max,
                                             .expire = (uint64_t)c->expire,
                                             .delay_notice = (uint64_t)c->delay_notice};
    queue.smarthost = (struct smarthost){.address = c->smarthost,
                                         .tls = (enum relay_tls)c->smarthost_tls,
                                         .user = user,
                                         .password = *user ? user + strlen(user) + 1 : ""};
    memcpy(queue.limit_rules.most, c->limits, sizeof queue.limit_rules.most);
    queue.sender_check = (enum sender_check)c->sender_check;
    queue.senders = c->senders;
    queue.message_size = (uint64_t)c->message_size;
    queue.recipients = (unsigned)c->recipients;
    conf_free(conf, &relay_conf_table);
    conf = c;
}

static int configure(int fd, const char *name)
{
    struct err e;
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    AUTO_FCLOSE FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
    struct relay_conf *c = conf_read(f, name, &relay_conf_table, conf_complain_to_log, NULL);
    if (!c)
        return -1;
    site_conf_complete(&c->site);
    site_conf_apply(&c->site);
    if (relay_conf_check(c, &e)) {
        log_error("%s", e.text);
        conf_free(c, &relay_conf_table);
        return -1;
    }
    read_credentials(c);
    take_over(c);
    return 0;
}

/* ---- sockets ---- */

static void on_listener(void *arg, uint32_t events)
{
    struct listener *l = arg;
    (void)events;
    for (int i = 0; i < ACCEPT_PER_ROUND; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        l->accept(&queue, fd);
    }
}

static void watch_listeners(void)
{
    for (size_t i = 0; queue.loop && i < nlisteners; i++)
        if (!listeners[i].watch.active)
            loop_watch(queue.loop, &listeners[i].watch, listeners[i].fd, EPOLLIN, on_listener, &listeners[i]);
}

static void listen_begin(void)
{
    for (size_t i = 0; i < nlisteners; i++) {
        if (queue.loop)
            loop_unwatch(queue.loop, &listeners[i].watch);
        close(listeners[i].fd);
    }
    nlisteners = 0;
}

static void listen_on(const char *name, int fd)
{
    if (nlisteners == LISTENERS_MAX) {
        close(fd);
        return;
    }
    fs_set_nonblock(fd, true);
    listeners[nlisteners++] =
        (struct listener){.fd = fd, .accept = strcmp(name, "queue") ? submit_accept : smtp_accept};
    watch_listeners();
}

/* ---- life ---- */

static void before_step_down(const struct priv *who)
{
    struct err e;
    const struct passwd *smtp = who->uid == (uid_t)-1 ? NULL : getpwnam("posthouse-net");
    queue.smtp_uid = smtp ? smtp->pw_uid : getuid();
    AUTO_STRBUF struct strbuf drop_dir = STRBUF_INIT(4096);
    if (fs_mkdirs(AT_FDCWD, conf->spool_dir, 0755))
        log_fatal("cannot make the spool directory %s: %m", conf->spool_dir);
    strbuf_addf(&drop_dir, "%s" DROP_SUFFIX, conf->spool_dir);
    drop_prepare(drop_dir.data, who->uid, who->gid);
    if (who->uid == (uid_t)-1)
        return;
    AUTO_CLOSE int fd = open(conf->spool_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, who->uid, who->gid) || fchmod(fd, 0700)) {
        err_errno(&e, errno, "cannot take over the spool directory %s", conf->spool_dir);
        log_fatal("%s", e.text);
    }
}

/* Bounces come back for weeks: the key stays. */
static void read_srs_key(const char *spool_dir)
{
    struct err e;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(sizeof srs_key);
    AUTO_CLOSE int dir = open(spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0 && !fs_read_file(dir, "srs-key", &text, &e) && text.len == sizeof srs_key) {
        memcpy(&srs_key, text.data, sizeof srs_key);
        return;
    }
    srs_key = siphash_key_new();
    if (dir < 0 || fs_replace(dir, "srs-key", "srs-key.new", bytes_from(&srs_key, sizeof srs_key), 0600, true, &e))
        log_error("the key of rewritten senders cannot be kept in %s: bounces do not come back after a restart",
                  spool_dir);
}

static void start(struct child *child)
{
    struct err e;
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    queue.child = child;
    queue.loop = child_loop(child);
    queue.master = child_control(child);
    strbuf_addf(&path, "%s/auth-lookup", conf->site.run_dir);
    queue.lookup = auth_lookup_new(queue.loop, path.data);
    auth_lookup_remember(queue.lookup, LOOKUP_MEMORY_MS);
    queue.store = store_open(conf->spool_dir, &e);
    if (!queue.store)
        log_fatal("%s", e.text);
    read_srs_key(conf->spool_dir);
    queue.limits = limits_new();
    queue.disk = disk_new(queue.loop);
    queue.locals = locals_new(queue.loop, queue.master);
    queue.remotes = remotes_new(&queue);
    queue.runner = runner_new(&queue);
    if (runner_scan(queue.runner, &e))
        log_fatal("%s", e.text);
    strbuf_clear(&path);
    strbuf_addf(&path, "%s" DROP_SUFFIX, conf->spool_dir);
    dropped = drop_new(&queue, path.data);
    watch_listeners();
}

static void drain(void)
{
    queue.draining = true;
    runner_stop(queue.runner);
    drop_stop(dropped);
    for (size_t i = 0; i < nlisteners; i++)
        loop_unwatch(queue.loop, &listeners[i].watch);
    if (!queue.busy)
        child_exit(queue.child);
}

static void on_ready(struct msg_in *in)
{
    uint32_t id = msg_get_u32(in);
    int fd = msg_get_fd(in);
    if (!msg_end(in) || fd < 0)
        log_fatal("malformed DELIVERER_READY from the master");
    if (!locals_ready(queue.locals, id, fd) && !remotes_ready(queue.remotes, id, fd))
        close(fd);
}

static void on_failed(struct msg_in *in)
{
    uint32_t id = msg_get_u32(in);
    bool permanent = msg_get_u32(in);
    AUTO_FREE char *text = msg_get_str(in);
    if (!msg_end(in))
        log_fatal("malformed DELIVERER_FAILED from the master");
    if (!locals_failed(queue.locals, id, permanent, text))
        remotes_failed(queue.remotes, id, text);
}

static void message(struct msg_in *in)
{
    if (in->type == DELIVERER_READY)
        on_ready(in);
    else if (in->type == DELIVERER_FAILED)
        on_failed(in);
    else
        log_fatal("unknown record %u from the master", in->type);
}

int main(void)
{
    static const struct child_hooks hooks = {
        .program = "queue",
        .configure = configure,
        .listen_begin = listen_begin,
        .listen = listen_on,
        .before_step_down = before_step_down,
        .start = start,
        .drain = drain,
        .message = message,
        .files = 8192,
        .sandbox = -1,
    };
    return child_main(&hooks);
}
