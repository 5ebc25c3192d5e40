/*
 * relayd_spawn.c - name to account to process. uid root.
 *
 * Root reads a name and a number from the queue, asks auth whose that name is, forks, steps down and
 * executes: no path and no octet of a message is looked at here. The queue gets one end of a socket, the
 * deliverer has the other as descriptor 0.
 */
#include "relay/relayd_spawn.h"

#include "relay/relay_conf.h"
#include "relay/relay_msg.h"

#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/socket.h>

#define PENDING_MAX 1000

struct pending {
    struct pending *next;
    struct master *master;
    uint32_t id;
    unsigned generation; /* of the queue that asked */
};

static struct auth_lookup *lookup;
static struct chan *queue;
static unsigned generation, npending;

void spawn_init(struct master *m)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/auth-master", master_run_dir(m));
    if (!lookup)
        lookup = auth_lookup_new(master_loop(m), path);
}

void spawn_queue_started(struct master *m, struct chan *to)
{
    spawn_init(m);
    queue = to;
    generation++;
}

static void answer_failed(uint32_t id, bool permanent, const char *text)
{
    AUTO_MSG struct msg m;
    msg_init(&m, DELIVERER_FAILED);
    msg_put_u32(&m, id);
    msg_put_u32(&m, permanent);
    msg_put_str(&m, text);
    chan_send(queue, &m);
}

/* Start argv with one end of a fresh socket; the other goes to the queue. */
static void spawn(struct master *m, uint32_t id, char *const argv[], const struct priv *who, const char *dir)
{
    AUTO_MSG struct msg msg;
    int pair[2];
    struct err e;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        answer_failed(id, false, "no socket");
        return;
    }
    AUTO_CLOSE int ours = pair[0];
    AUTO_CLOSE int theirs = pair[1];
    if (master_spawn(m, argv, who, dir, (int[]){theirs}, 1, &e) < 0) {
        log_error("%s", e.text);
        answer_failed(id, false, e.text);
        return;
    }
    msg_init(&msg, DELIVERER_READY);
    msg_put_u32(&msg, id);
    msg_put_fd(&msg, ours);
    chan_send(queue, &msg);
}

static void spawn_local(struct master *m, uint32_t id, const struct account *a)
{
    const struct relay_conf *conf = master_settings(m);
    char bytes[32], messages[32];
    struct priv who = {.uid = a->uid, .gid = a->gid, .files = 256};
    if ((int64_t)a->uid < conf->site.first_uid) {
        answer_failed(id, true, "the account's uid is below first_uid");
        return;
    }
    if (master_unprivileged(m) && a->uid != getuid()) {
        answer_failed(id, false,
                      "the account has another uid than this server, which an ordinary user started");
        return;
    }
    if (master_unprivileged(m))
        who.uid = (uid_t)-1;
    snprintf(bytes, sizeof bytes, "%lld", (long long)a->quota_bytes);
    snprintf(messages, sizeof messages, "%lld", (long long)a->quota_messages);
    char *const argv[] = {(char *)"posthouse-local",
                          (char *)"--user",
                          a->name,
                          (char *)"--mail",
                          a->mail,
                          (char *)"--quota-bytes",
                          bytes,
                          (char *)"--quota-messages",
                          messages,
                          NULL};
    spawn(m, id, argv, &who, "/");
}

static void looked_up(int status, const struct account *account, void *arg)
{
    struct pending *p = arg;
    bool current = p->generation == generation;
    npending--;
    if (current && status == 1)
        spawn_local(p->master, p->id, account);
    else if (current)
        answer_failed(p->id, status == 0,
                      status ? "the accounts cannot be asked" : "there is no such account");
    free(p);
}

static void deliverer(struct master *m, uint32_t id, struct bytes name)
{
    if (npending == PENDING_MAX) {
        answer_failed(id, false, "too many deliverers are asked for");
        return;
    }
    struct pending *p = xcalloc(1, sizeof *p);
    *p = (struct pending){.master = m, .id = id, .generation = generation};
    npending++;
    auth_lookup_name(lookup, name, looked_up, p);
}

static void sender(struct master *m, uint32_t id)
{
    struct priv who = {.files = 256};
    char *const argv[] = {(char *)"posthouse-remote", NULL};
    if (master_ids(m, "posthouse-net2", &who.uid, &who.gid)) {
        answer_failed(id, false, "the system account posthouse-net2 is missing");
        return;
    }
    if (master_unprivileged(m))
        who.uid = (uid_t)-1;
    spawn(m, id, argv, &who, "/");
}

void spawn_message(struct master *m, struct chan *from, struct msg_in *in)
{
    uint32_t id = msg_get_u32(in);
    if (from != queue)
        return;
    if (in->type == DELIVERER) {
        struct bytes name = msg_get_bytes(in);
        if (msg_end(in))
            deliverer(m, id, name);
    } else if (in->type == SENDER && msg_end(in)) {
        sender(m, id);
    } else {
        log_error("the queue sent record %u, which it may not", in->type);
    }
}
