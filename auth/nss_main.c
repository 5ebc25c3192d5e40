/*
 * nss_main.c - posthouse-nss: getpwnam and getpwuid for the auth process, which must not block. Unprivileged;
 * not in a chroot, since NSS modules read files and talk to daemons. One question at a time; a module that
 * hangs is ended by an alarm, and the process with it: authd starts another.
 */
#include "auth/auth_proto.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_SECONDS = 30, ENTRY_MAX = 1 << 20 };

static struct loop *loop;
static struct chan *channel;

/* 0 with *found, or an errno. The buffer grows as the entry asks for. */
static int ask(const char *name, uid_t uid, struct passwd *pw, char **buffer, bool *found)
{
    for (size_t size = 4096; size <= ENTRY_MAX; size *= 4) {
        struct passwd *result = NULL;
        *buffer = xrealloc(*buffer, size, 1);
        int status =
            name ? getpwnam_r(name, pw, *buffer, size, &result) : getpwuid_r(uid, pw, *buffer, size, &result);
        *found = status == 0 && result;
        if (status != ERANGE)
            return status;
    }
    return ERANGE;
}

/* What the manual names as other ways of modules to say "there is none". */
static bool means_none(int status)
{
    return status == 0 || status == ENOENT || status == ESRCH || status == EBADF || status == EPERM;
}

/* As passwd(5) says, an empty field is /bin/sh. */
static bool lets_nobody_in(const char *shell)
{
    const char *slash = strrchr(shell, '/'), *name = slash ? slash + 1 : shell;
    return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0;
}

static void on_channel(struct chan *ch, struct msg_in *in, void *arg)
{
    struct auth_record question;
    (void)arg;
    if (!in) {
        chan_free(TAKE_PTR(channel));
        return;
    }
    if (!auth_record_read(in, &question) || question.type != AUTH_REC_LOOKUP || question.by == AUTH_BY_TICKET)
        log_fatal("malformed record from auth");
    AUTO_FREE char *buffer = NULL;
    AUTO_FREE char *name = question.by == AUTH_BY_NAME ? bytes_dup(question.name) : NULL;
    struct passwd pw;
    bool found = false;
    alarm(ANSWER_SECONDS);
    int status =
        question.by == AUTH_BY_NAME && !name ? ENOENT : ask(name, question.uid, &pw, &buffer, &found);
    alarm(0);
    struct auth_record answer = {.type = AUTH_REC_ACCOUNT, .id = question.id, .status = AUTH_LOOKUP_NONE};
    if (found && strlen(pw.pw_name) <= AUTH_NAME_MAX && strlen(pw.pw_dir) <= AUTH_PATH_MAX) {
        answer.status = AUTH_LOOKUP_FOUND;
        answer.name = bytes_of(pw.pw_name);
        answer.home = bytes_of(pw.pw_dir);
        answer.uid = pw.pw_uid;
        answer.gid = pw.pw_gid;
        answer.shut = lets_nobody_in(pw.pw_shell);
    } else if (!means_none(status)) {
        answer.status = AUTH_LOOKUP_TEMPFAIL;
        errno = status;
        log_warn("looking up a system account: %m");
    }
    AUTO_MSG struct msg m;
    auth_record_write(&answer, &m);
    chan_send(ch, &m);
}

static void start(struct child *child)
{
    loop = child_loop(child);
}

static void message(struct msg_in *in)
{
    struct auth_record r;
    AUTO_CLOSE int fd = in->nfds ? msg_get_fd(in) : -1;
    if (!auth_record_read(in, &r) || r.type != AUTH_CTL_PEER || fd < 0)
        log_fatal("malformed record %d from authd", in->type);
    chan_free(channel);
    channel = chan_new(loop, TAKE_FD(fd), on_channel, NULL);
}

int main(void)
{
    static const struct child_hooks hooks = {.program = "nss",
                                             .start = start,
                                             .message = message,
                                             .files = 256,
                                             .data = 256u << 20,
                                             .sandbox = -1};
    return child_main(&hooks);
}
