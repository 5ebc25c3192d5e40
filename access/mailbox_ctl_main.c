/*
 * mailbox_ctl_main.c - posthouse-mailbox, run by `posthouse mailbox`: a look at an account's mail for the operator, or for the
 * user. Everything is done under the account's uid (mailbox_ctl_account.c).
 */
#include "access/mailbox_ctl.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    int (*run)(struct ctl *ctl);
} verbs[] = {
    {"status", ctl_status},
    {"check", ctl_check},
    {"rebuild", ctl_rebuild},
    {"index", ctl_index},
    {"import-courier", ctl_import_courier},
    {"expire", ctl_expire},
};

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"mail", required_argument, NULL, 'm'},
    {"uidlist", no_argument, NULL, 'u'},
    {"renumber", no_argument, NULL, 'r'},
    {"dry-run", no_argument, NULL, 'd'},
    {"rules", required_argument, NULL, 'R'},
    {0},
};

static int usage(void)
{
    fprintf(stderr,
            "usage: posthouse mailbox status|check|index|import-courier [-c FILE] [--json] USER [FOLDER]\n"
            "       posthouse mailbox rebuild [-c FILE] [--json] [--uidlist [--renumber]] USER [FOLDER]\n"
            "       posthouse mailbox expire [-c FILE] [--json] [--dry-run] [--rules FOLDER=DAYSd[/...]] "
            "USER [FOLDER]\n"
            "An ordinary user writes --mail DIR instead of USER.\n");
    return EXIT_MISUSED;
}

static bool take_option(struct ctl *ctl, int c)
{
    bool *flag = c == 'j'   ? &ctl->json
                 : c == 'u' ? &ctl->uidlist
                 : c == 'r' ? &ctl->renumber
                 : c == 'd' ? &ctl->dry_run
                            : NULL;
    if (flag)
        *flag = true;
    else if (c == 'm')
        ctl->mail = optarg;
    else if (c == 'c')
        ctl->conf_path = optarg;
    else if (c == 'R')
        ctl->autoexpunge = optarg;
    return flag || c == 'm' || c == 'c' || c == 'R';
}

/* The words that are left: verb, user (unless --mail), folder. */
static bool take_words(struct ctl *ctl, int n, char **words)
{
    const char **slots[] = {&ctl->verb, ctl->mail ? &ctl->folder : &ctl->user,
                            ctl->mail ? NULL : &ctl->folder};
    int i = 0;
    for (; i < n; i++) {
        if (i == 3 || !slots[i])
            return false;
        *slots[i] = words[i];
    }
    return i >= 1 && (ctl->mail || ctl->user);
}

static bool read_arguments(struct ctl *ctl, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1;)
        if (!take_option(ctl, c))
            return false;
    if (!take_words(ctl, argc - optind, argv + optind) || (ctl->mail && ctl->mail[0] != '/'))
        return false;
    bool wants_folder = ctl->renumber; /* too dear to be done to all by mistake */
    return (!wants_folder || (ctl->folder && ctl->uidlist)) &&
           (strcmp(ctl->verb, "rebuild") == 0 || !ctl->uidlist);
}

static int run(struct ctl *ctl, int (*verb)(struct ctl *))
{
    struct err e;
    if (ctl_become(ctl, &e))
        return ctl_failed(ctl, &e);
    const struct mail_store_options options = {.root = ctl->mail,
                                               .quota_bytes = ctl->quota_bytes,
                                               .quota_messages = ctl->quota_messages,
                                               .quota_ignore = ctl->quota_ignore,
                                               .look_only = verb == ctl_import_courier || ctl->dry_run,
                                               .new_index = verb == ctl_rebuild && !ctl->folder};
    if (mail_store_open(&ctl->store, &options, &e))
        return ctl_failed(ctl, &e);
    int status = verb(ctl);
    mail_store_close(ctl->store);
    return fflush(stdout) ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    static struct ctl ctl = {.conf_path = SYSCONFDIR "/posthouse.conf"};
    log_init_stderr("mailbox");
    umask(077);
    if (!read_arguments(&ctl, argc, argv))
        return usage();
    ctl.progress = isatty(STDERR_FILENO);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, ctl.verb) == 0)
            return run(&ctl, verbs[i].run);
    return usage();
}
