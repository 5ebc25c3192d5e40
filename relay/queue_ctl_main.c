/*
 * queue_ctl_main.c - posthouse-queue-ctl, run by `posthouse queue`. See queue_ctl.h.
 */
#include "relay/queue_ctl.h"

#include "relay/relay_conf.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(struct ctl *ctl);
    bool picks; /* something must say which messages are meant */
} verbs[] = {
    {"list", ctl_list, false},   {"show", ctl_show, true},  {"stats", ctl_stats, false},
    {"retry", ctl_order, true},  {"hold", ctl_order, true}, {"release", ctl_order, true},
    {"delete", ctl_order, true},
};

enum {
    OPT_SENDER = 256,
    OPT_RECIPIENT,
    OPT_DOMAIN,
    OPT_REASON,
    OPT_LOGIN,
    OPT_OLDER,
    OPT_YOUNGER,
    OPT_HELD,
    OPT_ALL,
    OPT_JSON
};

static const struct option long_options[] = {
    {"sender", required_argument, NULL, OPT_SENDER},
    {"recipient", required_argument, NULL, OPT_RECIPIENT},
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"reason", required_argument, NULL, OPT_REASON},
    {"login", required_argument, NULL, OPT_LOGIN},
    {"older", required_argument, NULL, OPT_OLDER},
    {"younger", required_argument, NULL, OPT_YOUNGER},
    {"held", no_argument, NULL, OPT_HELD},
    {"all", no_argument, NULL, OPT_ALL},
    {"json", no_argument, NULL, OPT_JSON},
    {0},
};

static int usage(void)
{
    fprintf(stderr,
            "usage: posthouse queue list|stats [-c FILE] [--json] [FILTER ...] [ID ...]\n"
            "       posthouse queue show [-c FILE] [--json] FILTER ...|ID ...\n"
            "       posthouse queue retry|hold|release|delete [-c FILE] FILTER ...|ID ...|--all\n"
            "FILTER: --sender WORD, --recipient WORD, --domain DOMAIN, --reason WORD, --login ACCOUNT,\n"
            "        --older TIME, --younger TIME (30m, 4h, 2d), --held\n");
    return EXIT_MISUSED;
}

/* "90", "90s", "30m", "1h", "7d" */
static bool take_time(const char *text, uint64_t *seconds)
{
    static const char letters[] = "smhd";
    static const uint64_t units[] = {1, 60, 3600, 86400};
    struct bytes digits = bytes_of(text);
    const char *letter = digits.n ? strchr(letters, digits.p[digits.n - 1]) : NULL;
    uint64_t unit = letter ? units[letter - letters] : 1;
    digits.n -= letter != NULL;
    if (!bytes_to_u64(digits, UINT32_MAX, seconds))
        return false;
    *seconds *= unit;
    return *seconds > 0;
}

static bool take_option(struct ctl *ctl, int c)
{
    struct ctl_filter *f = &ctl->filter;
    const char **words[] = {&f->sender, &f->recipient, &f->domain, &f->reason, &f->login};
    if (c == 'c')
        ctl->conf_path = optarg;
    else if (c >= OPT_SENDER && c <= OPT_LOGIN)
        *words[c - OPT_SENDER] = optarg;
    else if (c == OPT_OLDER || c == OPT_YOUNGER)
        return take_time(optarg, c == OPT_OLDER ? &f->older : &f->younger);
    else if (c == OPT_HELD || c == OPT_ALL || c == OPT_JSON)
        *(c == OPT_HELD ? &f->held : c == OPT_ALL ? &ctl->all : &ctl->json) = true;
    else
        return false;
    return true;
}

static bool picks_some(const struct ctl *ctl)
{
    const struct ctl_filter *f = &ctl->filter;
    return *f->ids || f->sender || f->recipient || f->domain || f->reason || f->login || f->older ||
           f->younger || f->held || ctl->all;
}

static int run(struct ctl *ctl, int (*verb)(struct ctl *))
{
    struct err e;
    struct relay_conf *conf = conf_load(ctl->conf_path, &relay_conf_table, &e);
    if (!conf) {
        log_error("%s", e.text);
        return EXIT_FAILED;
    }
    site_conf_complete(&conf->site);
    ctl->spool_dir = conf->spool_dir;
    ctl->run_dir = conf->site.run_dir;
    ctl->schedule = (struct schedule_rules){.retry_first = (uint64_t)conf->retry_first,
                                            .retry_max = (uint64_t)conf->retry_max,
                                            .expire = (uint64_t)conf->expire};
    ctl->now = (uint64_t)time(NULL);
    ctl->store = store_open_reading(conf->spool_dir, &e);
    int status = EXIT_FAILED;
    if (!ctl->store)
        log_error("%s%s", e.text, geteuid() ? "; be root, or see your own messages with mailq" : "");
    else
        status = verb(ctl);
    store_close(ctl->store);
    conf_free(conf, &relay_conf_table);
    return fflush(stdout) ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    static struct ctl ctl = {.conf_path = SYSCONFDIR "/posthouse.conf"};
    log_init_stderr("queue");
    for (int c; (c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1;)
        if (!take_option(&ctl, c))
            return usage();
    if (optind >= argc)
        return usage();
    ctl.verb = argv[optind];
    ctl.filter.ids = argv + optind + 1;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (!strcmp(verbs[i].name, ctl.verb) && (!verbs[i].picks || picks_some(&ctl)))
            return run(&ctl, verbs[i].run);
    return usage();
}
