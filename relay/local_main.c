/*
 * local_main.c - posthouse-local: the last step of a message on this machine. uid of the recipient.
 *
 * Started by relayd with the queue's socket on descriptor 0 and the log on 3, or, for an account which shares
 * its uid, forked by the parent of that uid (local_parent.c). It is installed executable but not readable, and
 * undumpable, so that the user whose uid it has cannot look into it; what it answers is believed about this
 * user only.
 */
#include "relay/local_deliver.h"
#include "relay/local_parent.h"

#include "base/bytes.h"
#include "base/child.h"
#include "base/log.h"
#include "base/priv.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

static int64_t number(const char *text)
{
    uint64_t v;
    if (!bytes_to_u64(bytes_of(text), INT64_MAX, &v))
        log_fatal("a number is expected instead of \"%s\"", text);
    return (int64_t)v;
}

static void parse_options(int argc, char **argv, struct local_account *account)
{
    static const struct option longs[] = {
        {"user", 1, NULL, 'u'},           {"mail", 1, NULL, 'm'},         {"quota-bytes", 1, NULL, 'b'},
        {"quota-messages", 1, NULL, 'n'}, {"quota-ignore", 1, NULL, 'i'}, {"new-folders", 1, NULL, 'f'},
        {"confine", 0, NULL, 'c'},        {"forward", 1, NULL, 'w'},      {NULL, 0, NULL, 0}};
    struct mail_store_options *store = &account->store;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'u')
            account->user = optarg;
        else if (c == 'm')
            store->root = optarg;
        else if (c == 'b')
            store->quota_bytes = number(optarg);
        else if (c == 'n')
            store->quota_messages = number(optarg);
        else if (c == 'i')
            store->quota_ignore = *optarg ? optarg : NULL;
        else if (c == 'f')
            store->new_folders = optarg;
        else if (c == 'w')
            account->home = optarg;
        else if (c == 'c')
            account->confine = true;
        else
            log_fatal("unknown option");
    }
    if (!store->root || store->root[0] != '/')
        log_fatal("--mail with an absolute path is needed: this program is started by posthouse-relayd");
}

static int run(int argc, char **argv)
{
    struct local_account account = {.user = "?", .store.create = true};
    parse_options(argc, argv, &account);
    return local_deliver(&account);
}

int main(int argc, char **argv)
{
    log_init_child("local", CHILD_LOG_FD);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    priv_hide();
    return argc == 2 && !strcmp(argv[1], "--parent") ? local_parent(run) : run(argc, argv);
}
