/*
 * authd_main.c - posthouse-authd: the root of authentication, which authenticates nobody. It opens what only
 * root can open, starts the processes of the table below, and PAM workers when auth asks for one. It reads no
 * byte but from them.
 */
#include "auth/auth_proto.h"
#include "auth/authd_expiry.h"
#include "auth/authd_files.h"
#include "auth/authd_tls.h"
#include "auth/authd_workers.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stddef.h>
#include <sys/socket.h>

static const char auth_program[] = "posthouse-auth", nss_program[] = "posthouse-nss";

/* ---- children ---- */

static void send_peer(struct master *m, const char *program, struct chan *to, int fd)
{
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_PEER};
    auth_record_write(&r, &msg);
    msg_put_fd(&msg, fd);
    if (to)
        chan_send(to, &msg);
    else
        master_broadcast(m, program, &msg);
}

/* A fresh socket between auth and nss, whenever one of them is new. */
static void connect_peers(struct master *m, struct chan *to_auth, struct chan *to_nss)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_error("socketpair: %m");
        return;
    }
    AUTO_CLOSE int for_auth = pair[0];
    AUTO_CLOSE int for_nss = pair[1];
    send_peer(m, nss_program, to_nss, for_nss);
    send_peer(m, auth_program, to_auth, for_auth);
}

static void auth_started(struct master *m, struct chan *to)
{
    workers_forget();
    files_send_passwd(m, to);
    files_send_state(m, to);
    files_send_master(m, to);
    files_send_app(m, to, true);
    connect_peers(m, to, NULL);
}

static void nss_started(struct master *m, struct chan *to)
{
    connect_peers(m, NULL, to);
}

/* The only thing that anybody may ask of us. */
static void auth_message(struct master *m, struct chan *from, struct msg_in *in)
{
    struct auth_record r;
    (void)from;
    if (auth_record_read(in, &r) && r.type == AUTH_CTL_WORKER_WANTED)
        workers_want(m, r.id);
    else
        log_error("%s sent record %d, which it may not", auth_program, in->type);
}

static const char *const auth_listeners[] = {"auth", "auth-lookup", "auth-master", NULL};
static const char *const signer_listeners[] = {"signer", NULL};

static const struct master_child children[] = {
    {.program = "posthouse-signer",
     .user = "posthouse-sign",
     .chroot_dir = "empty",
     .count = 1,
     .message = tls_directory_message,
     .started = tls_directory_started,
     .listeners = signer_listeners},
    {.program = nss_program, .user = "posthouse-auth", .count = 1, .started = nss_started},
    {.program = auth_program,
     .user = "posthouse-auth",
     .chroot_dir = "empty",
     .count = 1,
     .message = auth_message,
     .started = auth_started,
     .listeners = auth_listeners},
};

/* ---- life ---- */

static const struct {
    const char *name, *path, *group;
    mode_t mode;
} sockets[] = {
    {"auth", "net/auth", "posthouse-net", 0660},
    {"signer", "net/signer", "posthouse-net", 0660},
    {"auth-lookup", "auth-lookup", "posthouse", 0660},
    {"auth-master", "auth-master", NULL, 0600},
};

static int check(const void *settings, struct err *e)
{
    return auth_conf_check(settings, e);
}

static int configured(struct master *m, struct err *e)
{
    struct auth_conf *conf = (struct auth_conf *)master_settings(m);
    site_conf_complete(&conf->site);
    site_conf_apply(&conf->site);
    if (files_make_certificate(conf, e) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(sockets); i++)
        if (master_listener_local(m, sockets[i].name, sockets[i].path, sockets[i].group, sockets[i].mode,
                                  e) != 0)
            return -1;
    files_configure(conf);
    tls_directory_configure(conf);
    return 0;
}

static void tick(struct master *m)
{
    files_check(m);
    tls_directory_tick(m);
    workers_tick(m);
}

static bool drained(struct master *m)
{
    (void)m;
    return workers_stop();
}

static void reaped(struct master *m, pid_t pid, int status)
{
    workers_reaped(m, pid, status);
}

int main(int argc, char **argv)
{
    static const struct master_hooks hooks = {
        .program = "authd",
        .conf = &auth_conf_table,
        .children = children,
        .nchildren = ARRAY_LEN(children),
        .check = check,
        .report = expiry_report,
        .configured = configured,
        .tick = tick,
        .drained = drained,
        .reaped = reaped,
        .log_offset = offsetof(struct auth_conf, site.log),
        .run_dir_offset = offsetof(struct auth_conf, site.run_dir),
    };
    return master_main(argc, argv, &hooks);
}
