/*
 * relayd_spawn.c - fork, step down, execute posthouse-local or posthouse-remote, and hand queue the socket to
 * it.
 *
 * queue names an account, never a uid: which uid that is, relayd asks auth itself. Root reads no message and
 * touches no file of a user's: the deliverer has stepped down before it is executed.
 */
#include "relay/relayd_spawn.h"

#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "relay/relay_conf.h"
#include "relay/relay_msg.h"
#include "relay/relayd_parents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RUNNING_MAX   200 /* deliverers and senders at once */
#define DELIVER_FILES 256
#define DELIVER_DATA  (256u << 20)

static struct auth_lookup *lookup;
static pid_t running[RUNNING_MAX];
static unsigned nrunning;

struct request {
    struct master *master;
    uint32_t id;
    struct chan *from;
};

static void answer_failed(struct master *m, struct chan *to, uint32_t id, bool permanent, const char *text)
{
    if (!master_has_channel(m, to))
        return;
    AUTO_MSG struct msg msg;
    msg_init(&msg, DELIVERER_FAILED);
    msg_put_u32(&msg, id);
    msg_put_u32(&msg, permanent);
    msg_put_str(&msg, text);
    chan_send(to, &msg);
}

static void answer_ready(struct master *m, struct chan *to, uint32_t id, int fd)
{
    if (!master_has_channel(m, to))
        return;
    AUTO_MSG struct msg msg;
    msg_init(&msg, DELIVERER_READY);
    msg_put_u32(&msg, id);
    msg_put_fd(&msg, fd);
    chan_send(to, &msg);
}

int spawn_program(struct master *m, const struct priv *who, char *const argv[], const char *home, int fd,
                  struct err *e)
{
    if (nrunning == RUNNING_MAX)
        return err_set(e, ERR_TEMP, "too many deliveries at once");
    pid_t pid = master_spawn(m, argv, who, home, &fd, 1, e);
    if (pid < 0)
        return -1;
    running[nrunning++] = pid;
    return 0;
}

static void start(struct master *m, struct chan *from, uint32_t id, char *const argv[],
                  const struct priv *who, const char *home, bool shared)
{
    int pair[2];
    struct err e;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        log_error("socketpair for %s: %m", argv[0]);
        answer_failed(m, from, id, false, "no descriptors left");
        return;
    }
    AUTO_CLOSE int ours = pair[0];
    AUTO_CLOSE int theirs = pair[1];
    if (shared ? parents_start(m, who, argv, theirs, &e) : spawn_program(m, who, argv, home, theirs, &e)) {
        log_error("%s", e.text);
        answer_failed(m, from, id, false, "the delivery program cannot be started");
        return;
    }
    answer_ready(m, from, id, ours);
}

static void start_local(struct request *r, const struct account *a)
{
    char octets[24], messages[24];
    const struct relay_conf *conf = master_settings(r->master);
    AUTO_FREE char *quota_ignore = site_quota_ignore(&conf->site);
    AUTO_FREE char *new_folders = site_new_folders(&conf->site);
    snprintf(octets, sizeof octets, "%lld", (long long)a->quota_bytes);
    snprintf(messages, sizeof messages, "%lld", (long long)a->quota_messages);
    char *const argv[] = {(char *)"posthouse-local",
                          (char *)"--user",
                          a->name,
                          (char *)"--mail",
                          a->mail,
                          (char *)"--quota-bytes",
                          octets,
                          (char *)"--quota-messages",
                          messages,
                          (char *)"--quota-ignore",
                          quota_ignore ? quota_ignore : (char *)"",
                          (char *)"--new-folders",
                          new_folders ? new_folders : (char *)"",
                          a->shared             ? (char *)"--confine"
                          : conf->forward_files ? (char *)"--forward"
                                                : NULL,
                          a->shared ? NULL : a->home,
                          NULL};
    struct priv who = {.uid = master_unprivileged(r->master) ? (uid_t)-1 : a->uid,
                       .gid = a->gid,
                       .files = DELIVER_FILES,
                       .data = DELIVER_DATA};
    start(r->master, r->from, r->id, argv, &who, a->home, a->shared);
}

/* Root never becomes root for a user, whatever auth says; an ordinary user serves themselves only. */
static bool may_become(struct master *m, const struct account *a)
{
    const struct relay_conf *conf = master_settings(m);
    if (master_unprivileged(m))
        return a->uid == getuid();
    return a->uid != 0 && a->gid != 0 && (int64_t)a->uid >= conf->site.first_uid;
}

static void on_account(int status, const struct account *account, void *arg)
{
    struct request *r = arg;
    if (status < 0)
        answer_failed(r->master, r->from, r->id, false, "the accounts cannot be looked up now");
    else if (status == 0)
        answer_failed(r->master, r->from, r->id, true, "there is no such account");
    else if (!may_become(r->master, account))
        answer_failed(r->master, r->from, r->id, true,
                      "mail is not served for this account's uid (first_uid)");
    else
        start_local(r, account);
    free(r);
}

static void start_remote(struct master *m, struct chan *from, uint32_t id)
{
    static char *const argv[] = {(char *)"posthouse-remote", NULL};
    struct priv who = {.files = DELIVER_FILES, .data = DELIVER_DATA};
    if (master_unprivileged(m))
        who.uid = (uid_t)-1;
    else if (master_ids(m, "posthouse-net2", &who.uid, &who.gid)) {
        answer_failed(m, from, id, false, "the system account posthouse-net2 is missing");
        return;
    }
    start(m, from, id, argv, &who, "/", false);
}

void spawn_request(struct master *m, struct chan *from, struct msg_in *in)
{
    uint32_t id = msg_get_u32(in);
    struct bytes name = in->type == DELIVERER ? msg_get_bytes(in) : BYTES("");
    if (!msg_end(in) || (in->type != DELIVERER && in->type != SENDER)) {
        log_error("queue sent record %u, which is malformed or which it may not send", in->type);
        return;
    }
    if (in->type == SENDER) {
        start_remote(m, from, id);
        return;
    }
    struct request *r = xcalloc(1, sizeof *r);
    *r = (struct request){m, id, from};
    auth_lookup_name(lookup, name, on_account, r);
}

void spawn_begin(struct master *m)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    if (lookup)
        return;
    strbuf_addf(&path, "%s/auth-master", master_run_dir(m));
    lookup = auth_lookup_new(master_loop(m), path.data);
}

void spawn_reaped(pid_t pid)
{
    for (unsigned i = 0; i < nrunning; i++)
        if (running[i] == pid) {
            running[i] = running[--nrunning];
            return;
        }
}

bool spawn_drained(void)
{
    parents_close();
    return nrunning == 0;
}
