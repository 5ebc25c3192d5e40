/*
 * user_ctl_main.c - posthouse-user, run by `posthouse user VERB`: arguments in, one verb done.
 */
#include "auth/user_ctl.h"

#include "auth/passwd_path.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>

typedef int verb_fn(struct user_ctl *ctl, struct err *e);

enum { APP_WORDS = -1 /* two or three */ };

static const struct {
    const char *name;
    verb_fn *run;
    int words; /* behind it */
} verbs[] = {
    {"add", user_add, 1},       {"passwd", user_passwd, 1},           {"list", user_list, 0},
    {"show", user_show, 1},     {"disable", user_disable, 1},         {"enable", user_enable, 1},
    {"delete", user_delete, 1}, {"apppass", user_apppass, APP_WORDS},
};

static const struct option long_options[] = {
    {"uid", required_argument, NULL, 'u'},
    {"gid", required_argument, NULL, 'g'},
    {"home", required_argument, NULL, 'h'},
    {"mail", required_argument, NULL, 'm'},
    {"quota", required_argument, NULL, 'q'},
    {"allow-nets", required_argument, NULL, 'n'},
    {"aliases", required_argument, NULL, 'a'},
    {"scheme", required_argument, NULL, 's'},
    {"no-password", no_argument, NULL, 'P'},
    {"no-home", no_argument, NULL, 'H'},
    {"service", required_argument, NULL, 'S'},
    {"json", no_argument, NULL, 'j'},
    {0},
};

static int usage(void)
{
    fprintf(
        stderr,
        "usage: posthouse user add [--uid N] [--gid N] [--home DIR] [--mail LOCATION] [--quota SIZE]\n"
        "           [--allow-nets LIST] [--aliases LIST] [--scheme SCHEME] [--no-password] [--no-home] NAME\n"
        "       posthouse user passwd [--scheme SCHEME] NAME\n"
        "       posthouse user list [--json]\n"
        "       posthouse user show|disable|enable|delete NAME\n"
        "       posthouse user apppass add [--service imap,pop3,smtp] NAME LABEL\n"
        "       posthouse user apppass remove NAME LABEL | list NAME\n"
        "With -c FILE another configuration is read, with -f FILE another passwd-file edited.\n");
    return EXIT_MISUSED;
}

static bool take_option(struct user_ctl *ctl, int c)
{
    const struct {
        int c;
        const char **slot;
    } texts[] = {{'c', &ctl->conf_path}, {'f', &ctl->file},   {'u', &ctl->uid},    {'g', &ctl->gid},
                 {'h', &ctl->home},      {'m', &ctl->mail},   {'q', &ctl->quota},  {'n', &ctl->allow_nets},
                 {'a', &ctl->aliases},   {'s', &ctl->scheme}, {'S', &ctl->service}};
    bool *flag = c == 'P' ? &ctl->no_password : c == 'H' ? &ctl->no_home : c == 'j' ? &ctl->json : NULL;
    if (flag)
        return *flag = true;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].c == c) {
            *texts[i].slot = optarg;
            return true;
        }
    return false;
}

static int read_conf(struct user_ctl *ctl, verb_fn *verb, struct err *e)
{
    ctl->conf = conf_load(ctl->conf_path, &auth_conf_table, e);
    if (!ctl->conf)
        return -1;
    ctl->path = ctl->file ? ctl->file : ctl->conf->passwd_file;
    if (!ctl->path && verb != user_apppass)
        return err_set(e, ERR_INVALID,
                       "%s names no passwd_file (section auth); system accounts are made with adduser(8)",
                       ctl->conf_path);
    ctl->options = (struct passwd_options){.rules = {.first_uid = ctl->conf->site.first_uid,
                                                     .only_uid = geteuid() ? geteuid() : (uid_t)-1,
                                                     .default_mail = ctl->conf->mail},
                                           .plain_ok = true};
    return 0;
}

static int run(struct user_ctl *ctl, verb_fn *verb)
{
    struct err e = {0};
    int status = read_conf(ctl, verb, &e) == 0 ? verb(ctl, &e) : -1;
    if (status < 0)
        log_error("%s", e.text);
    if (ctl->conf)
        conf_free(ctl->conf, &auth_conf_table);
    return status < 0 || fflush(stdout) ? EXIT_FAILED : status;
}

static bool words_fit(int wanted, int given)
{
    return wanted == APP_WORDS ? given == 2 || given == 3 : given == wanted;
}

int main(int argc, char **argv)
{
    static struct user_ctl ctl = {.conf_path = SYSCONFDIR "/posthouse.conf"};
    log_init_stderr("user");
    umask(022);
    for (int c; (c = getopt_long(argc, argv, "c:f:", long_options, NULL)) != -1;)
        if (!take_option(&ctl, c))
            return usage();
    ctl.words = argv + optind + 1;
    ctl.nwords = argc - optind - 1;
    for (size_t i = 0; i < ARRAY_LEN(verbs) && ctl.nwords >= 0; i++)
        if (strcmp(verbs[i].name, argv[optind]) == 0 && words_fit(verbs[i].words, ctl.nwords)) {
            ctl.name = ctl.words[0];
            return run(&ctl, verbs[i].run);
        }
    return usage();
}
