/*
 * explain_address_main.c - `posthouse explain address ADDR`: the way of an address, step by step, by the code that the queue
 * routes with, asking the same accounts. Nothing is sent.
 */
#include "relay/address_normal.h"
#include "relay/queue_route.h"
#include "relay/relay_conf.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DELIVERED = 0, REFUSED = 1, MISUSED = 100, SYSTEM = 111 };

struct explain {
    struct loop *loop;
    const struct relay_conf *conf;
    int status;
};

static void print_step(void *arg, const char *text)
{
    (void)arg;
    text_print(stdout, text);
    putchar('\n');
}

/* Only that it is there: what it says is read under the user's uid, when mail comes. */
static void say_forward_file(const struct explain *x, const struct account *a)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    struct stat st;
    strbuf_addf(&path, "%s/.forward", a->home);
    if (x->conf->forward_files && !a->shared && !lstat(path.data, &st)) {
        text_print(stdout, path.data);
        puts(" is there: the mail goes where it says");
    }
}

static void print_target(const struct route_target *t)
{
    static const char *const words[] = {
        [RECIPIENT_UNROUTED] = "nobody  ", [RECIPIENT_LOCAL] = "account ", [RECIPIENT_REMOTE] = "relayed "};
    fputs(words[t->kind], stdout);
    text_print(stdout, t->kind == RECIPIENT_LOCAL ? t->account : t->address);
    if (*t->folder)
        fputs(", folder ", stdout);
    text_print(stdout, t->folder);
    puts(t->forwarded ? ", with a rewritten sender" : "");
}

static void print_route(const struct route *route, void *arg)
{
    static const char *const words[] = {
        [ROUTE_LOCAL] = "Mail for it is taken:",
        [ROUTE_REMOTE] = "It is elsewhere: relayed for those who are logged in, refused to others.",
        [ROUTE_UNKNOWN] = "Mail for it is refused: 550 5.1.1, no such user.",
        [ROUTE_INVALID] = "This is no address: 553 5.1.3.",
        [ROUTE_LATER] = "Mail for it is put off: 451, something cannot be read or asked now.",
    };
    struct explain *x = arg;
    if (route->account)
        say_forward_file(x, route->account);
    puts(words[route->kind]);
    for (size_t i = 0; route->kind == ROUTE_LOCAL && i < route->n; i++)
        print_target(&route->targets[i]);
    x->status = route->kind == ROUTE_LOCAL || route->kind == ROUTE_REMOTE ? DELIVERED : REFUSED;
    loop_stop(x->loop);
}

/* The key of rewritten senders, where we may read it. */
static bool read_key(const char *spool_dir, struct siphash_key *key)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096), text = STRBUF_INIT(sizeof *key);
    strbuf_addf(&path, "%s/srs-key", spool_dir);
    if (fs_read_file(AT_FDCWD, path.data, &text, NULL) || text.len != sizeof *key)
        return false;
    memcpy(key, text.data, sizeof *key);
    return true;
}

static int explain(const struct relay_conf *conf, const char *address)
{
    struct siphash_key key;
    struct route_rules rules = route_rules_of(conf);
    struct explain x = {.loop = loop_new(), .conf = conf, .status = SYSTEM};
    AUTO_STRBUF struct strbuf socket = STRBUF_INIT(4096);
    rules.srs_key = read_key(conf->spool_dir, &key) ? &key : NULL;
    strbuf_addf(&socket, "%s/auth-master", conf->site.run_dir);
    if (access(socket.data, W_OK)) {
        log_error("the accounts cannot be asked at %s: %s", socket.data,
                  errno == EACCES ? "only root may" : "posthouse-authd does not run");
        route_maps_free(rules.maps);
        loop_free(x.loop);
        return SYSTEM;
    }
    struct auth_lookup *lookup = auth_lookup_new(x.loop, socket.data);
    route_explain(x.loop, lookup, &rules, bytes_of(address), print_route, print_step, &x);
    loop_run(x.loop);
    auth_lookup_free(lookup);
    loop_free(x.loop);
    route_maps_free(rules.maps);
    return fflush(stdout) ? SYSTEM : x.status;
}

int main(int argc, char **argv)
{
    const char *path = SYSCONFDIR "/posthouse.conf";
    AUTO_STRBUF struct strbuf address = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    struct err e;
    log_init_stderr("explain");
    for (int c; (c = getopt(argc, argv, "c:")) != -1;)
        if (c == 'c')
            path = optarg;
        else
            return MISUSED;
    if (argc - optind == 2 && !strcmp(argv[optind], "address"))
        optind++;
    if (argc - optind != 1 || !address_written(&address, bytes_of(argv[optind]))) {
        fprintf(stderr, "usage: posthouse explain address [-c FILE] ADDRESS\n");
        return MISUSED;
    }
    struct relay_conf *conf = conf_load(path, &relay_conf_table, &e);
    if (!conf) {
        log_error("%s", e.text);
        return SYSTEM;
    }
    site_conf_complete(&conf->site);
    int status = explain(conf, address.data);
    conf_free(conf, &relay_conf_table);
    return status;
}
