/*
 * ban_ctl_main.c - posthouse-ban, run by `posthouse ban`: who is banned, and the operator's word about it. The table is the auth
 * process's; this asks it over auth-master.
 */
#include "auth/auth_ask.h"
#include "auth/auth_conf.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <getopt.h>
#include <time.h>

enum { EXIT_FAILED = 1, EXIT_MISUSED = 100 };

struct ctl {
    const char *conf_path, *reason, *net;
    uint64_t seconds;
    bool json;
};

static int usage(void)
{
    fprintf(stderr, "usage: posthouse ban list [-c FILE] [--json]\n"
                    "       posthouse ban add [-c FILE] [--for TIME] [--reason WORDS] NETWORK\n"
                    "       posthouse ban remove [-c FILE] NETWORK\n"
                    "TIME is such as 30m, 1h or 7d; without it the ban does not end.\n");
    return EXIT_MISUSED;
}

/* "90", "90s", "30m", "1h", "7d" */
static bool take_time(const char *text, uint64_t *seconds)
{
    static const struct {
        char letter;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    struct bytes digits = bytes_of(text);
    uint64_t unit = 1;
    for (size_t i = 0; i < ARRAY_LEN(units) && digits.n; i++)
        if (digits.p[digits.n - 1] == units[i].letter) {
            unit = units[i].seconds;
            digits.n--;
            break;
        }
    if (!bytes_to_u64(digits, UINT32_MAX / unit, seconds))
        return false;
    *seconds *= unit;
    return *seconds > 0;
}

static void print_ban(const struct ctl *ctl, const struct auth_record *r)
{
    char when[32] = "for ever";
    time_t until = (time_t)r->until;
    struct tm tm;
    if (r->until && gmtime_r(&until, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (ctl->json)
        printf("{\"network\":\"" BYTES_FMT "\",\"until\":%llu,\"reason\":\"" BYTES_FMT "\"}\n",
               BYTES_ARG(r->remote), (unsigned long long)r->until, BYTES_ARG(r->text));
    else
        printf(BYTES_FMT "\t%s\t" BYTES_FMT "\n", BYTES_ARG(r->remote), when, BYTES_ARG(r->text));
}

/* One word without anything that a log line or JSON would have to escape. */
static bool reason_ok(const char *reason)
{
    for (; *reason; reason++)
        if (*reason <= ' ' || *reason > '~' || *reason == '"' || *reason == '\\')
            return false;
    return true;
}

static int ask(const struct ctl *ctl, enum auth_ban_by by, const char *run_dir, struct err *e)
{
    AUTO_CLOSE int fd = auth_ask_connect(run_dir, e);
    __attribute__((cleanup(strbuf_done))) struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct auth_record r = {
        .type = AUTH_REC_BAN_ASK, .by = by, .until = ctl->seconds, .text = bytes_of(ctl->reason)};
    if (ctl->net)
        r.remote = bytes_of(ctl->net);
    if (fd < 0 || auth_ask_send(fd, &r, e) != 0)
        return -1;
    for (;;) {
        if (auth_ask_receive(fd, &buf, &r, AUTH_REC_BAN, e) != 0)
            return -1;
        if (r.status == BAN_REFUSED)
            return err_set(e, ERR_INVALID, BYTES_FMT, BYTES_ARG(r.text));
        if (r.status == BAN_DONE)
            return 0;
        if (r.status == BAN_SET && by == BAN_BY_LIST)
            print_ban(ctl, &r);
    }
}

static int run(const struct ctl *ctl, enum auth_ban_by by)
{
    struct err e;
    struct auth_conf *conf = conf_load(ctl->conf_path, &auth_conf_table, &e);
    if (!conf) {
        log_error("%s", e.text);
        return EXIT_FAILED;
    }
    int status = ask(ctl, by, conf->site.run_dir, &e);
    if (status != 0)
        log_error("%s", e.text);
    conf_free(conf, &auth_conf_table);
    return status == 0 && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"for", required_argument, NULL, 'f'},
                                            {"reason", required_argument, NULL, 'r'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    static const char *const verbs[] = {"list", "add", "remove"}; /* as enum auth_ban_by */
    struct ctl ctl = {.conf_path = SYSCONFDIR "/posthouse.conf", .reason = "by-hand"};
    log_init_stderr("ban");
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c')
            ctl.conf_path = optarg;
        else if (c == 'r' && reason_ok(optarg))
            ctl.reason = optarg;
        else if (c == 'j')
            ctl.json = true;
        else if (c != 'f' || !take_time(optarg, &ctl.seconds))
            return usage();
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs) && optind < argc; i++) {
        if (strcmp(verbs[i], argv[optind]) != 0 || argc - optind != (i == BAN_BY_LIST ? 1 : 2))
            continue;
        ctl.net = argv[optind + 1];
        return ctl.net && strlen(ctl.net) > AUTH_REMOTE_MAX ? usage() : run(&ctl, (enum auth_ban_by)i);
    }
    return usage();
}
