/*
 * session_options.c - the beginning of posthouse-imap and posthouse-pop3. See session_options.h.
 */
#include "access/session_options.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/priv.h"
#include "maildir/maildir.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_FD 3

static const struct option long_options[] = {
    {"user", required_argument, NULL, 'u'},
    {"mail", required_argument, NULL, 'm'},
    {"remote", required_argument, NULL, 'r'},
    {"tag", required_argument, NULL, 't'},
    {"quota-bytes", required_argument, NULL, 'b'},
    {"quota-messages", required_argument, NULL, 'n'},
    {"quota-ignore", required_argument, NULL, 'g'},
    {"append-limit", required_argument, NULL, 'a'},
    {"autoexpunge", required_argument, NULL, 'x'},
    {"new-folders", required_argument, NULL, 'f'},
    {"uidl-format", required_argument, NULL, 'U'},
    {"secure", no_argument, NULL, 's'},
    {"watcher", no_argument, NULL, 'w'},
    {"new-index", no_argument, NULL, 'i'},
    {"confine", no_argument, NULL, 'c'},
    {0},
};

static void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s --user NAME --mail DIR [--remote ADDR] [--tag TAG] [--quota-bytes N]\n"
            "       [--quota-messages N] [--quota-ignore FOLDER[/FOLDER]...] [--append-limit N] [--secure]\n"
            "       [--new-folders FOLDER[=USE][/...]] [--autoexpunge FOLDER=DAYSd[/...]] [--new-index] "
            "[--watcher]\n"
            "       [--uidl-format FORMAT] [--confine]\n",
            program);
    exit(100);
}

static int64_t number(const char *program, const char *text)
{
    uint64_t value;
    if (!bytes_to_u64(bytes_of(text), INT64_MAX, &value))
        usage(program);
    return (int64_t)value;
}

static bool text_option(struct session_options *o, int name, const char *value)
{
    const char **const fields[] = {&o->user,         &o->mail,        &o->remote,      &o->tag,
                                   &o->quota_ignore, &o->new_folders, &o->autoexpunge, &o->uidl_format};
    static const char names[] = "umrtgfxU";
    const char *found = strchr(names, name);
    if (found)
        *fields[found - names] = value;
    return found != NULL;
}

static void read_options(struct session_options *o, const char *program, int argc, char **argv)
{
    *o = (struct session_options){.remote = "local", .append_limit = SESSION_APPEND_LIMIT};
    o->service = program + strlen("posthouse-");
    for (int name; (name = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (name == 'b')
            o->quota_bytes = number(program, optarg);
        else if (name == 'n')
            o->quota_messages = number(program, optarg);
        else if (name == 'a')
            o->append_limit = (uint64_t)number(program, optarg);
        else if (name == 's')
            o->secure = true;
        else if (name == 'w')
            o->watcher = SESSION_WATCHER_FD;
        else if (name == 'i')
            o->new_index = true;
        else if (name == 'c')
            o->confined = true;
        else if (!text_option(o, name, optarg))
            usage(program);
    }
    if (optind != argc || !o->user || !o->mail || o->mail[0] != '/')
        usage(program);
}

static void open_log(const char *program)
{
    struct stat st;
    if (fstat(LOG_FD, &st) || !S_ISSOCK(st.st_mode)) {
        log_init_stderr(program);
        return;
    }
    fcntl(LOG_FD, F_SETFD, FD_CLOEXEC);
    log_init_child(program, LOG_FD);
}

void session_begin(struct session_options *o, const char *program, int argc, char **argv)
{
    open_log(program);
    priv_hide();
    umask(077);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error, not a death */
    read_options(o, program, argc, argv);
}

int session_confine(const struct session_options *o, struct err *e)
{
    return o->confined && mail_store_confine(o->mail, e) < 0 ? -1 : 0;
}
