/*
 * sendmail_drop.c - see sendmail_drop.h. What is dropped looks like a file of the spool (envelope.h): the queue believes its sender, recipients
 * and what is asked of reports, as it would those of SUBMIT, and nothing else in it.
 */
#include "relay/sendmail_drop.h"

#include "relay/envelope.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

static int complain(const char *what)
{
    fprintf(stderr, "sendmail: nothing was sent: %s\n", what);
    return EX_TEMPFAIL;
}

static void replace(char **old, const char *with)
{
    free(*old);
    *old = xstrdup(with);
}

/* An owner stands for "the caller's own address", as against the null reverse-path. */
static bool encode(const struct submission *s, struct strbuf *out)
{
    struct stat st;
    AUTO_ENVELOPE struct envelope env;
    envelope_init(&env);
    replace(&env.id, "drop");
    replace(&env.reverse_path, s->sender ? s->sender : "");
    replace(&env.envid, s->envid ? s->envid : "");
    AUTO_FREE char *directory = getcwd(NULL, 0);
    replace(&env.origin, directory ? directory : "");
    env.owner = s->sender ? ENVELOPE_STRANGER : getuid();
    env.size = fstat(s->fd, &st) ? 0 : (uint64_t)st.st_size;
    env.ret = (enum envelope_ret)s->ret;
    for (size_t i = 0; i < s->recipients->n; i++)
        envelope_add_dsn(&env, RECIPIENT_UNROUTED, bytes_of(s->recipients->items[i]), "", s->notify,
                         BYTES(""));
    return envelope_encode(&env, true, out);
}

/* Envelope and message in one. */
static int write_file(const struct submission *s, int to)
{
    AUTO_STRBUF struct strbuf head = STRBUF_INIT(ENVELOPE_MAX);
    off_t at = 0;
    ssize_t n;
    if (!encode(s, &head) || fs_write_all(to, head.data, head.len))
        return -1;
    while ((n = sendfile(to, s->fd, &at, 1 << 30)) > 0)
        ;
    return n < 0 || lseek(to, 0, SEEK_SET) ? -1 : 0;
}

static int run(const char *program, const char *directory, int fd)
{
    char *const argv[] = {(char *)"posthouse-drop", (char *)directory, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    errno = posix_spawn(&pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno) {
        fprintf(stderr, "sendmail: %s: %s\n", program, strerror(errno));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == EX_OK ? 0 : -1;
}

int drop_submit(const struct submission *s)
{
    AUTO_STRBUF struct strbuf program = STRBUF_INIT(4096);
    const char *programs = getenv("POSTHOUSE_LIBEXECDIR");
    strbuf_addf(&program, "%s/posthouse-drop", programs && *programs ? programs : PKGLIBEXECDIR);
    AUTO_CLOSE int fd = memfd_create("drop", MFD_CLOEXEC);
    if (fd < 0 || write_file(s, fd))
        return complain("there is no memory for the message, or it has too many recipients");
    if (run(program.data, s->drop_dir, fd))
        return complain("the relay does not run, and the message cannot be left for it; start "
                        "posthouse-relayd and send it again");
    if (s->verbose)
        fprintf(stderr, "sendmail: the relay does not run; the message lies in %s until it does\n",
                s->drop_dir);
    return EX_OK;
}
