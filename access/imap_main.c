/*
 * imap_main.c - posthouse-imap: one IMAP session after login, on descriptors 0 and 1, under the user's own
 * uid.
 *
 * accessd starts it (descriptor 3 is then the log); it can be tried from a shell as well: see
 * posthouse-imap(8).
 */
#include "access/imap_session.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/priv.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOG_FD 3

enum option_name {
    OPT_USER = 1,
    OPT_MAIL,
    OPT_REMOTE,
    OPT_TAG,
    OPT_QUOTA_BYTES,
    OPT_QUOTA_MESSAGES,
    OPT_SECURE
};

static const struct option long_options[] = {
    {"user", required_argument, NULL, OPT_USER},
    {"mail", required_argument, NULL, OPT_MAIL},
    {"remote", required_argument, NULL, OPT_REMOTE},
    {"tag", required_argument, NULL, OPT_TAG},
    {"quota-bytes", required_argument, NULL, OPT_QUOTA_BYTES},
    {"quota-messages", required_argument, NULL, OPT_QUOTA_MESSAGES},
    {"secure", no_argument, NULL, OPT_SECURE},
    {0},
};

static void usage(void)
{
    fprintf(stderr,
            "usage: posthouse-imap --user NAME --mail DIR [--remote ADDR] [--tag TAG] [--quota-bytes N]\n"
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

static void read_option(struct imap_options *o, int name, const char *value)
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
    case OPT_TAG:
        o->tag = value;
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

static void read_options(struct imap_options *o, int argc, char **argv)
{
    int name;
    *o = (struct imap_options){.remote = "local"};
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
        log_init_child("posthouse-imap", LOG_FD);
    } else
        log_init_stderr("posthouse-imap");
}

/* The client learns that we cannot serve it, in the form that it waits for. */
static void refuse(struct imap *s, const struct err *e)
{
    log_error("%s: %s", s->options->user, e->text);
    if (s->options->tag) {
        imap_puts(s, s->options->tag);
        imap_puts(s, " NO [UNAVAILABLE] The mailbox cannot be opened\r\n");
    }
    imap_puts(s, "* BYE [UNAVAILABLE] The mailbox cannot be opened\r\n");
    imap_io_flush(&s->io);
}

int main(int argc, char **argv)
{
    struct imap_options o;
    struct imap s = {.options = &o};
    struct err e;
    open_log();
    priv_hide();
    read_options(&o, argc, argv);
    umask(077);
    imap_io_init(&s.io, STDIN_FILENO, STDOUT_FILENO);
    struct mail_store_options store = {
        .root = o.mail, .create = true, .quota_bytes = o.quota_bytes, .quota_messages = o.quota_messages};
    bool opened = mail_store_open(&s.store, &store, &e) == 0;
    if (opened) {
        imap_session_run(&s);
        mail_store_close(s.store);
        log_info("%s: session from %s ended, %llu octets in, %llu out", o.user, o.remote,
                 (unsigned long long)s.io.octets_in, (unsigned long long)s.io.octets_out);
    } else
        refuse(&s, &e);
    imap_io_done(&s.io);
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
