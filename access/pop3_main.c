/*
 * pop3_main.c - posthouse-pop3: one POP3 session after the login, on descriptors 0 and 1, under the user's
 * own uid.
 *
 * accessd starts it (descriptor 3 is then the log); it can be tried from a shell as well: see
 * posthouse-pop3(8).
 */
#include "access/pop3_session.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/priv.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOG_FD 3

enum option_name { OPT_USER = 1, OPT_MAIL, OPT_REMOTE, OPT_QUOTA_BYTES, OPT_QUOTA_MESSAGES, OPT_SECURE };

static const struct option long_options[] = {
    {"user", required_argument, NULL, OPT_USER},
    {"mail", required_argument, NULL, OPT_MAIL},
    {"remote", required_argument, NULL, OPT_REMOTE},
    {"quota-bytes", required_argument, NULL, OPT_QUOTA_BYTES},
    {"quota-messages", required_argument, NULL, OPT_QUOTA_MESSAGES},
    {"secure", no_argument, NULL, OPT_SECURE},
    {0},
};

static void usage(void)
{
    fprintf(stderr, "usage: posthouse-pop3 --user NAME --mail DIR [--remote ADDR] [--quota-bytes N]\n"
                    "                      [--quota-messages N] [--secure]\n");
    exit(100);
}

static int64_t number(const char *text)
{
    uint64_t value;
    if (!bytes_to_u64(bytes_of(text), INT64_MAX, &value))
        usage();
    return (int64_t)value;
}

static void read_option(struct pop3_options *o, int name, const char *value)
{
    switch (name) {
    case OPT_USER:
        o->user = value;
        break;
    case OPT_MAIL:
        o->mail = value;
        break;
    case OPT_REMOTE:
        o->remote = value;
        break;
    case OPT_QUOTA_BYTES:
        o->quota_bytes = number(value);
        break;
    case OPT_QUOTA_MESSAGES:
        o->quota_messages = number(value);
        break;
    case OPT_SECURE:
        o->secure = true;
        break;
    default:
        usage();
    }
}

static void read_options(struct pop3_options *o, int argc, char **argv)
{
    int name;
    *o = (struct pop3_options){.remote = "local"};
    while ((name = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        read_option(o, name, optarg);
    if (optind != argc || !o->user || !o->mail || o->mail[0] != '/')
        usage();
}

/* Descriptor 3 is the log if it is a socket; from a shell, standard error is. */
static void open_log(void)
{
    struct stat st;
    if (fstat(LOG_FD, &st) == 0 && S_ISSOCK(st.st_mode)) {
        fcntl(LOG_FD, F_SETFD, FD_CLOEXEC);
        log_init_child("posthouse-pop3", LOG_FD);
    } else
        log_init_stderr("posthouse-pop3");
}

int main(int argc, char **argv)
{
    struct pop3_options o;
    struct pop3 s;
    struct err e;
    open_log();
    priv_hide();
    read_options(&o, argc, argv);
    int r = pop3_open(&s, &o, &e);
    if (r == 0) {
        pop3_run(&s);
    } else {
        log_error("%s: %s", o.user, e.text);
        pop3_say(&s, "-ERR [SYS/TEMP] The mailbox cannot be opened");
        imap_io_flush(&s.io);
    }
    pop3_close(&s);
    return r ? 111 : 0;
}
