/*
 * accessd_session.c - from a ticket to a process under the user's uid.
 *
 *   SESSION from login -> is it one connected stream socket? -> the ticket is redeemed with authd -> is this
 *   uid one that mail is served for? too many sessions? -> posthouse-imap or posthouse-pop3 on the socket
 *   -> SESSION_STARTED or SESSION_FAILED to login
 *
 * login cannot name a user: all that counts here comes from authd. The process that asked may be gone when it is
 * answered; ids hold a process id and are meaningless to others.
 */
#include "access/accessd_session.h"

#include "access/access_conf.h"
#include "access/access_msg.h"
#include "access/accessd_watch.h"
#include "access/session_options.h"
#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PENDING_MAX   2000 /* sessions whose ticket is being redeemed */
#define REMOTE_MAX    64   /* octets of an address in text */
#define SESSION_FILES 1024
#ifdef WITH_SANITIZERS
#define SESSION_DATA 0
#else
#define SESSION_DATA ((uint64_t)512 << 20) /* RLIMIT_DATA of a session */
#endif

struct session {
    struct session *next;
    struct master *master;
    struct chan *from;
    uint64_t id;
    pid_t pid; /* 0: pending */
    uid_t uid; /* of its process */
    int fd;    /* until it runs */
    const char *service;
    char *remote, *tag, *user;
    bool secure;
};

static struct session *sessions;
static unsigned npending;
static struct auth_lookup *lookup;
static bool told_to_end;

static void session_free(struct session *s)
{
    for (struct session **at = &sessions; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    npending -= s->pid == 0;
    cleanup_close(&s->fd);
    free(s->remote);
    free(s->tag);
    free(s->user);
    free(s);
}

/* ---- answers ---- */

/* To the process that asked, if it still lives. Should another one have its channel's place by now, the id means nothing to it. */
static void tell(const struct session *s, struct msg *msg)
{
    if (master_has_channel(s->master, s->from))
        chan_send(s->from, msg);
}

static void send_started(const struct session *s)
{
    AUTO_MSG struct msg msg;
    msg_init(&msg, SESSION_STARTED);
    msg_put_u64(&msg, s->id);
    tell(s, &msg);
}

/* Also the end of the pending session. */
static void fail(struct session *s, enum session_failure why, const char *text)
{
    AUTO_MSG struct msg msg;
    msg_init(&msg, SESSION_FAILED);
    msg_put_u64(&msg, s->id);
    msg_put_u32(&msg, why);
    msg_put_str(&msg, text);
    tell(s, &msg);
    session_free(s);
}

/* ---- a damaged index is no crash loop ---- */

#define SUSPECTS_MAX 1000 /* accounts whose last crash is remembered */

/* Accounts of which a session died as a damaged index would make it die: their next session sets the index aside. */
static char *suspects[SUSPECTS_MAX];
static size_t nsuspects;

static size_t suspect_of(const char *user)
{
    size_t i = 0;
    while (i < nsuspects && strcmp(suspects[i], user) != 0)
        i++;
    return i;
}

static void suspect(const char *user, int signal_number)
{
    bool index_could_be_it = signal_number == SIGSEGV || signal_number == SIGBUS || signal_number == SIGABRT;
    if (index_could_be_it && nsuspects < SUSPECTS_MAX && suspect_of(user) == nsuspects)
        suspects[nsuspects++] = xstrdup(user);
}

static bool take_suspect(const char *user)
{
    size_t i = suspect_of(user);
    if (i == nsuspects)
        return false;
    free(suspects[i]);
    suspects[i] = suspects[--nsuspects];
    log_warn("%s: a session crashed; its index is set aside as posthouse-index.broken, and made anew", user);
    return true;
}

/* ---- starting ---- */

static bool uid_served(struct master *m, const struct account *a)
{
    const struct access_conf *conf = master_settings(m);
    if (master_unprivileged(m))
        return a->uid == geteuid();
    return a->uid != 0 && a->gid != 0 && (int64_t)a->uid >= conf->site.first_uid && a->uid != (uid_t)-1;
}

static int64_t count_user(const char *user)
{
    int64_t n = 0;
    for (const struct session *s = sessions; s; s = s->next)
        n += s->pid != 0 && strcmp(s->user, user) == 0;
    return n;
}

struct arguments {
    char *argv[32];
    size_t n;
    char numbers[3][24];
};

static void argument(struct arguments *a, const char *option, const char *value)
{
    a->argv[a->n++] = (char *)option;
    if (value)
        a->argv[a->n++] = (char *)value;
}

static void number_argument(struct arguments *a, int i, const char *option, int64_t value)
{
    if (value <= 0)
        return;
    snprintf(a->numbers[i], sizeof(a->numbers[i]), "%lld", (long long)value);
    argument(a, option, a->numbers[i]);
}

static int spawn(struct session *s, const struct account *account, struct err *e)
{
    struct arguments a = {.n = 0};
    const struct access_conf *conf = master_settings(s->master);
    AUTO_FREE char *quota_ignore = site_quota_ignore(&conf->site);
    AUTO_FREE char *new_folders = site_new_folders(&conf->site);
    AUTO_FREE char *autoexpunge = site_autoexpunge(&conf->site);
    int fds[] = {s->fd, s->fd, -1, -1, -1};
    struct priv who = {
        .uid = account->uid, .gid = account->gid, .files = SESSION_FILES, .data = SESSION_DATA};
    if (master_unprivileged(s->master))
        who.uid = (uid_t)-1;
    argument(&a, strcmp(s->service, "imap") == 0 ? "posthouse-imap" : "posthouse-pop3", NULL);
    argument(&a, "--user", account->name);
    argument(&a, "--mail", account->mail);
    argument(&a, "--remote", s->remote);
    if (*s->tag)
        argument(&a, "--tag", s->tag);
    number_argument(&a, 0, "--quota-bytes", account->quota_bytes);
    number_argument(&a, 1, "--quota-messages", account->quota_messages);
    if (quota_ignore)
        argument(&a, "--quota-ignore", quota_ignore);
    if (autoexpunge && strcmp(s->service, "imap") == 0)
        argument(&a, "--autoexpunge", autoexpunge);
    if (new_folders)
        argument(&a, "--new-folders", new_folders);
    number_argument(&a, 2, "--append-limit", conf->append_limit);
    if (strcmp(s->service, "pop3") == 0)
        argument(&a, "--uidl-format", conf->pop3_uidl_format);
    if (s->secure)
        argument(&a, "--secure", NULL);
    AUTO_CLOSE int watcher = watch_session_begins(s->master, &who, account->shared);
    fds[SESSION_WATCHER_FD] = watcher;
    if (watcher >= 0)
        argument(&a, "--watcher", NULL);
    if (take_suspect(account->name))
        argument(&a, "--new-index", NULL);
    if (account->shared)
        argument(&a, "--confine", NULL);
    s->user = xstrdup(account->name);
    pid_t pid = master_spawn(s->master, a.argv, &who, account->home, fds, ARRAY_LEN(fds), e);
    if (pid < 0) {
        watch_session_ended(who.uid);
        return -1;
    }
    s->pid = pid;
    s->uid = who.uid;
    npending--;
    return 0;
}

static void on_redeemed(int status, const struct account *account, void *arg)
{
    struct session *s = arg;
    const struct access_conf *conf = master_settings(s->master);
    struct err e;
    if (status < 0) {
        fail(s, SESSION_TEMPORARY, "Temporary authentication failure, try again later");
    } else if (status == 0) {
        log_warn("a ticket for %s from %s is not valid (any more)", s->service, s->remote);
        fail(s, SESSION_TEMPORARY, "The login took too long, try again");
    } else if (!uid_served(s->master, account)) {
        log_error("%s: uid %d, gid %d: mail is not served for it (first_uid is %d)", account->name,
                  (int)account->uid, (int)account->gid, (int)conf->site.first_uid);
        fail(s, SESSION_REFUSED, "Mail is not served for this account");
    } else if (count_user(account->name) >= conf->max_sessions_per_user) {
        log_warn("%s: more than %d sessions; max_sessions_per_user says so", account->name,
                 (int)conf->max_sessions_per_user);
        fail(s, SESSION_LIMIT, "Too many sessions of this account");
    } else if (spawn(s, account, &e) != 0) {
        log_error("%s: %s", account->name, e.text);
        fail(s, SESSION_TEMPORARY, "The session could not be started, try again later");
    } else {
        cleanup_close(&s->fd);
        s->fd = -1;
        log_info("login user=%s service=%s remote=%s tls=%s pid=%d", s->user, s->service, s->remote,
                 s->secure ? "yes" : "no", (int)s->pid);
        send_started(s);
    }
}

/* ---- asking ---- */

static bool is_connected_stream(int fd)
{
    int type = 0, domain = 0;
    socklen_t n = sizeof(type), m = sizeof(domain);
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &m) != 0)
        return false;
    return type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX) &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0;
}

static const char *known_service(const char *name)
{
    for (size_t i = 0; i < ACCESS_SERVICES; i++)
        if (strcmp(access_services[i].protocol, name) == 0)
            return access_services[i].protocol;
    return NULL;
}

/* Reads the record; false if login broke the rules. A client that has gone is no breach. */
static bool read_request(struct session *s, struct msg_in *in, struct bytes *ticket)
{
    bool one_fd = in->nfds == 1;
    s->id = msg_get_u64(in);
    AUTO_FREE char *service = msg_get_str(in);
    *ticket = msg_get_bytes(in);
    s->remote = msg_get_str(in);
    s->secure = msg_get_u32(in);
    s->tag = msg_get_str(in);
    s->fd = one_fd ? msg_get_fd(in) : -1;
    s->service = known_service(service);
    struct bytes tag = bytes_of(s->tag), remote = bytes_of(s->remote);
    return msg_end(in) && one_fd && s->service && ticket->n == AUTH_TICKET_LEN && tag.n <= ACCESS_TAG_MAX &&
           text_is_printable(tag) && remote.n <= REMOTE_MAX && remote.n > 0 && text_is_printable(remote);
}

static void ask(struct session *s, struct bytes ticket)
{
    if (!lookup) {
        AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
        strbuf_addf(&path, "%s/auth-master", master_run_dir(s->master));
        lookup = auth_lookup_new(master_loop(s->master), path.data);
    }
    auth_redeem(lookup, ticket, s->service, on_redeemed, s);
}

void session_message(struct master *m, struct chan *from, struct msg_in *in)
{
    if (in->type == BUSY) {
        master_replace(m, from);
        return;
    }
    struct session *s = xcalloc(1, sizeof(*s));
    struct bytes ticket;
    s->from = from;
    s->master = m;
    s->fd = -1;
    s->next = sessions;
    sessions = s;
    npending++;
    if (in->type != SESSION || !read_request(s, in, &ticket)) {
        log_error("posthouse-login sent record %u, malformed or not its to send", in->type);
        session_free(s);
    } else if (told_to_end || npending > PENDING_MAX || !is_connected_stream(s->fd))
        fail(s, SESSION_TEMPORARY, "Not now, try again later");
    else
        ask(s, ticket);
}

/* ---- ending ---- */

void session_reaped(struct master *m, pid_t pid, int status)
{
    struct session *s = sessions;
    (void)m;
    while (s && s->pid != pid)
        s = s->next;
    if (!s) {
        watch_reaped(pid);
        return;
    }
    watch_session_ended(s->uid);
    if (WIFSIGNALED(status)) {
        suspect(s->user, WTERMSIG(status));
        log_error("logout user=%s service=%s pid=%d: killed by signal %d (%s)", s->user, s->service, (int)pid,
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status))
        log_warn("logout user=%s service=%s pid=%d: exit status %d, see its own last line", s->user,
                 s->service, (int)pid, WEXITSTATUS(status));
    session_free(s);
}

bool session_drained(struct master *m)
{
    bool any = false;
    (void)m;
    for (const struct session *s = sessions; s; s = s->next) {
        if (s->pid && !told_to_end)
            kill(s->pid, SIGTERM);
        any = any || s->pid;
    }
    told_to_end = true;
    return !any;
}
