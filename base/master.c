/*
 * master.c - the life of a master: configuration, log, children, reload, the end. See master.h.
 *
 * The configuration file is copied into a memfd when it has been checked, and children get that copy: what a
 * restarted child reads is what was checked, whatever happened to the file since.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/master.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/master_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define CONF_MAX_BYTES (1 << 20)
#define PATIENCE_MS    10000

/* ---- configuration ---- */

/* A memfd with the file's bytes; -1 and *missing if there is none and none was asked for. */
static int copy_conf(struct master *m, bool *missing, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(CONF_MAX_BYTES);
    struct err why;
    *missing = false;
    if (fs_read_file(AT_FDCWD, m->conf_path, &text, &why)) {
        *missing = why.code == ERR_NOTFOUND && !m->conf_named;
        if (*missing)
            return -1;
        return err_set(e, why.code, "%s", why.text);
    }
    AUTO_CLOSE int fd = memfd_create("posthouse.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fs_write_all(fd, text.data, text.len) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
        return err_errno(e, errno, "copying %s", m->conf_path);
    return TAKE_FD(fd);
}

/* Read and check; *fd is the checked text. NULL with e, or with e->code == ERR_INVALID when complaints were
 * logged. */
static void *load_conf(struct master *m, int *fd, struct err *e)
{
    bool missing;
    AUTO_FCLOSE FILE *f = NULL;
    *fd = copy_conf(m, &missing, e);
    if (*fd < 0 && !missing)
        return NULL;
    if (*fd >= 0) {
        int dup_fd = fcntl(*fd, F_DUPFD_CLOEXEC, 0);
        f = dup_fd >= 0 ? fdopen(dup_fd, "r") : NULL;
        if (!f) {
            err_errno(e, errno, "reading %s", m->conf_path);
            return NULL;
        }
        rewind(f);
    }
    void *settings = conf_read(f, m->conf_path, m->hooks->conf, conf_complain_to_log, NULL);
    if (!settings)
        err_set(e, ERR_INVALID, "%s is not usable, see above", m->conf_path);
    if (settings && m->hooks->check && m->hooks->check(settings, e)) {
        err_prefix(e, "%s", m->conf_path);
        conf_free(settings, m->hooks->conf);
        return NULL;
    }
    return settings;
}

static const char *setting(const struct master *m, size_t offset)
{
    return *(char *const *)(const void *)((const char *)m->settings + offset);
}

/* ---- log ---- */

static void on_sink(void *arg, uint32_t events)
{
    struct master *m = arg;
    (void)events;
    log_sink_receive(m->sink);
}

static int open_log(struct master *m, struct err *e)
{
    m->sink = log_sink_open(setting(m, m->hooks->log_offset), m->hooks->program, e);
    if (!m->sink)
        return -1;
    log_sink_use(m->sink);
    loop_watch(m->loop, &m->sink_watch, log_sink_fd(m->sink), EPOLLIN, on_sink, m);
    return 0;
}

/* ---- service manager ---- */

static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (!path || !*path || strlen(path) >= sizeof addr.sun_path)
        return;
    memcpy(addr.sun_path, path, strlen(path));
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (*path == '@')
        addr.sun_path[0] = '\0';
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr, n) < 0)
        log_warn("the service manager's socket %s: %m", path);
}

static void notify_reloading(void)
{
    struct timespec ts;
    char text[80];
    clock_gettime(CLOCK_MONOTONIC, &ts);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
    notify(text);
}

void children_ready(struct master *m)
{
    if (m->ready)
        return;
    for (size_t i = 0; i < m->nslots; i++)
        if (!m->slots[i]->ready)
            return;
    m->ready = true;
    log_info("ready");
    notify("READY=1");
}

/* ---- signals and time ---- */

/* Take the new settings on, or go back to the old ones. */
static void reload(void *arg, int signo)
{
    struct master *m = arg;
    struct err e;
    int fd;
    (void)signo;
    notify_reloading();
    void *fresh = load_conf(m, &fd, &e), *old = m->settings;
    if (fresh) {
        m->settings = fresh;
        listeners_begin(m);
        if ((m->hooks->configured && m->hooks->configured(m, &e)) ||
            log_sink_move(m->sink, setting(m, m->hooks->log_offset), &e)) {
            listeners_rollback(m);
            m->settings = old;
            old = fresh;
            fresh = NULL;
        }
        conf_free(old, m->hooks->conf);
    }
    if (!fresh) {
        cleanup_close(&fd);
        log_error("reload: %s; everything stays as it was", e.text);
    } else {
        listeners_commit(m);
        cleanup_close(&m->conf_fd);
        m->conf_fd = fd;
        children_send_orders(m);
        log_info("configuration reloaded");
    }
    notify("READY=1");
}

static void reopen_log(void *arg, int signo)
{
    struct master *m = arg;
    struct err e;
    (void)signo;
    if (log_sink_reopen(m->sink, &e))
        log_error("%s", e.text);
}

static void on_second(void *arg)
{
    struct master *m = arg;
    timer_set(m->loop, &m->second, 1000);
    if (m->hooks->tick && !m->stopping)
        m->hooks->tick(m);
}

static void on_sigchld(void *arg, int signo)
{
    (void)signo;
    children_reap(arg);
}

static void poll_stop(void *arg)
{
    struct master *m = arg;
    bool gone = children_drain(m);
    bool drained = !m->hooks->drained || m->hooks->drained(m);
    if (gone && drained) {
        loop_stop(m->loop);
        return;
    }
    if (loop_now(m->loop) > m->stop_at) {
        log_warn("patience is over: the rest is killed");
        children_kill(m);
        loop_stop(m->loop);
        return;
    }
    timer_set(m->loop, &m->stop_poll, 50);
}

static void stop(void *arg, int signo)
{
    struct master *m = arg;
    (void)signo;
    if (m->stopping)
        return;
    m->stopping = true;
    m->stop_at = loop_now(m->loop) + PATIENCE_MS;
    log_info("stopping");
    notify("STOPPING=1");
    poll_stop(m);
}

/* ---- start ---- */

static int make_dir(const char *path, struct err *e)
{
    if (mkdir(path, 0755) && errno != EEXIST)
        return err_errno(e, errno, "cannot make %s", path);
    return 0;
}

/* run_dir, run_dir/net, run_dir/empty: root's, not writable by anyone else. */
static int prepare_run_dir(struct master *m, struct err *e)
{
    static const char *const below[] = {"net", "empty"};
    struct stat st;
    umask(022);
    if (fs_mkdirs(AT_FDCWD, m->run_dir, 0755))
        return err_errno(e, errno, "cannot make run_dir %s%s", m->run_dir,
                         m->unprivileged ? " (an ordinary user needs a run_dir of their own)" : "");
    for (size_t i = 0; i < ARRAY_LEN(below); i++) {
        AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
        strbuf_addf(&path, "%s/%s", m->run_dir, below[i]);
        if (make_dir(path.data, e))
            return -1;
        if (stat(path.data, &st) || st.st_uid != geteuid() || (st.st_mode & 022))
            return err_set(e, ERR_ACCESS, "%s must belong to uid %d and be writable by nobody else",
                           path.data, (int)geteuid());
    }
    return 0;
}

/* One master of a kind for each run directory. The descriptor stays open as long as we live. */
static int take_pid_lock(struct master *m, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    strbuf_addf(&path, "%s/%s.pid", m->run_dir, m->hooks->program);
    int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path.data);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        err_set(e, ERR_BUSY, "%s is locked: another %s runs with this run_dir", path.data, m->hooks->program);
        close(fd);
        return -1;
    }
    if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
        return err_errno(e, errno, "writing %s", path.data);
    return 0;
}

static int begin(struct master *m, struct err *e)
{
    m->run_dir = xstrdup(setting(m, m->hooks->run_dir_offset));
    if (prepare_run_dir(m, e) || open_log(m, e) || take_pid_lock(m, e) || children_prepare(m, e))
        return -1;
    if (m->unprivileged)
        log_info("started by uid %d, an ordinary user: all processes run as that user, serve its accounts "
                 "only, and "
                 "listen on loopback addresses only",
                 (int)getuid());
    listeners_begin(m);
    int failed = m->hooks->configured ? m->hooks->configured(m, e) : 0;
    activate_end();
    return failed;
}

static void install_signals(struct master *m)
{
    loop_signal(m->loop, SIGTERM, stop, m);
    loop_signal(m->loop, SIGINT, stop, m);
    loop_signal(m->loop, SIGHUP, reload, m);
    loop_signal(m->loop, SIGUSR1, reopen_log, m);
    loop_signal(m->loop, SIGCHLD, on_sigchld, m);
    signal(SIGPIPE, SIG_IGN);
}

static int run(struct master *m)
{
    struct err e;
    activate_begin();
    m->loop = loop_new();
    install_signals(m);
    if (begin(m, &e)) {
        log_error("%s", e.text);
        listeners_close(m);
        return 1;
    }
    timer_init(&m->second, on_second, m);
    timer_init(&m->stop_poll, poll_stop, m);
    timer_set(m->loop, &m->second, 1000);
    children_start(m);
    loop_run(m->loop);
    log_sink_receive(m->sink);
    log_info("stopped");
    listeners_close(m);
    log_sink_free(m->sink);
    return 0;
}

/* Standard descriptors must be open, or sockets would take their place. */
static void open_standard_fds(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

static void usage(const char *program)
{
    fprintf(stderr,
            "usage: posthouse-%s [-t | -d] [-c FILE] [-L DIR]\n"
            "  -c FILE  configuration (default %s/posthouse.conf)\n"
            "  -t       check it and exit\n"
            "  -d       print all options and exit\n"
            "  -L DIR   where the programs are (default %s)\n",
            program, SYSCONFDIR, PKGLIBEXECDIR);
}

int master_main(int argc, char **argv, const struct master_hooks *hooks)
{
    static struct master m; /* what it points to is in use up to the very end of the process: no leak */
    m = (struct master){.hooks = hooks,
                        .conf_path = SYSCONFDIR "/posthouse.conf",
                        .conf_fd = -1,
                        .programs = PKGLIBEXECDIR,
                        .unprivileged = geteuid() != 0};
    struct err e;
    bool check = false, dump = false;
    open_standard_fds();
    log_init_stderr(hooks->program);
    for (int c; (c = getopt(argc, argv, "c:dL:t")) != -1;) {
        if (c == 'c') {
            m.conf_path = optarg;
            m.conf_named = true;
        } else if (c == 'L') {
            m.programs = optarg;
        } else if (c == 't') {
            check = true;
        } else if (c == 'd') {
            dump = true;
        } else {
            usage(hooks->program);
            return 64;
        }
    }
    m.settings = load_conf(&m, &m.conf_fd, &e);
    if (!m.settings) {
        log_error("%s", e.text);
        return 1;
    }
    if (dump)
        conf_dump(stdout, m.settings, hooks->conf);
    if (check && hooks->report)
        hooks->report(m.settings);
    int status = check || dump ? 0 : run(&m);
    conf_free(m.settings, hooks->conf);
    return status;
}

struct loop *master_loop(struct master *m)
{
    return m->loop;
}

const void *master_settings(struct master *m)
{
    return m->settings;
}

bool master_unprivileged(const struct master *m)
{
    return m->unprivileged;
}

const char *master_run_dir(const struct master *m)
{
    return m->run_dir;
}
