/*
 * explain_main.c - posthouse-explain, run by `posthouse explain login USER`: every rule that a login meets, in the order in which it
 * meets them, and which would refuse it. It reads what the server reads, and asks the running server what that alone knows; the
 * password is the one thing that it does not look at.
 */
#include "auth/app_file.h"
#include "auth/auth_app.h"
#include "auth/auth_ask.h"
#include "auth/auth_bans.h"
#include "auth/auth_name.h"
#include "auth/explain.h"
#include "auth/passwd_path.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

void explain_say(struct explain *x, enum explain_word word, const char *rule, const char *fmt, ...)
{
    static const char *const words[] = {"ok", "refuse", "note"};
    va_list ap;
    x->refused += word == REFUSES;
    printf("%-8s%-18s", words[word], rule);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

/* ---- before the account ---- */

static void check_connection(struct explain *x)
{
    const struct site_conf *site = &x->conf->site;
    struct net net;
    if (!net_parse(bytes_of(x->ip), &net))
        explain_say(x, REFUSES, "address", "%s is no address", x->ip);
    else if (site_plaintext_allowed(site, x->ip))
        explain_say(x, ALLOWS, "plaintext_login", "a password is taken from %s with or without TLS", x->ip);
    else
        explain_say(x, NOTES, "plaintext_login", "a password is taken from %s under TLS only", x->ip);
    if (site_trusted(site, x->ip))
        explain_say(x, ALLOWS, "trusted_networks",
                    "%s is trusted: never banned, and slowed down by a second only", x->ip);
}

static void check_ban(struct explain *x, int fd)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct auth_record r = {.type = AUTH_REC_BAN_ASK, .by = BAN_BY_LIST};
    struct bans *bans = bans_new();
    struct net net;
    struct err e;
    if (auth_ask_send(fd, &r, &e) != 0)
        r.status = BAN_DONE;
    while (auth_ask_receive(fd, &buf, &r, AUTH_REC_BAN, &e) == 0 && r.status == BAN_SET)
        if (net_parse(r.remote, &net))
            bans_set(bans, &net, r.until, r.text);
    const struct ban *ban = bans_find(bans, x->ip, (uint64_t)time(NULL));
    if (ban)
        explain_say(x, REFUSES, "ban", "%s is banned (%s); posthouse ban remove lifts it", x->ip,
                    ban->reason);
    else
        explain_say(x, ALLOWS, "ban", "%s is not banned", x->ip);
    bans_free(bans);
}

static void check_throttle(struct explain *x, int fd)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct auth_record r = {
        .type = AUTH_REC_EXPLAIN_ASK, .name = bytes_of(x->name), .remote = bytes_of(x->ip)};
    struct err e;
    if (auth_ask_send(fd, &r, &e) != 0 || auth_ask_receive(fd, &buf, &r, AUTH_REC_EXPLAIN, &e) != 0) {
        explain_say(x, NOTES, "guessing", "%s", e.text);
        return;
    }
    explain_say(x, ALLOWS, "guessing", "%u wrong passwords from %s, %u for %s in the last ten minutes%s",
                r.uid, x->ip, r.gid, x->name,
                r.proven         ? "; it has logged in from there, so nothing holds it back"
                : r.gid || r.uid ? "; answers are slow, but not refused"
                                 : "");
}

static void check_server(struct explain *x)
{
    struct err e;
    AUTO_CLOSE int fd = auth_ask_connect(x->conf->site.run_dir, &e);
    if (fd < 0) {
        explain_say(x, NOTES, "server", "bans and slow-downs are not known: %s", e.text);
        return;
    }
    check_ban(x, fd);
    check_throttle(x, fd);
}

/* ---- after the account ---- */

static void ignore(void *arg, size_t line, const char *text)
{
    (void)arg;
    (void)line;
    (void)text;
}

static void check_app_passwords(struct explain *x)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095), text = STRBUF_INIT(APP_FILE_MAX);
    strbuf_addf(&path, "%s/app-passwords", x->conf->site.state_dir);
    fs_read_file(AT_FDCWD, path.data, &text, NULL); /* there need not be one */
    struct app_file *f = app_file_parse(strbuf_bytes(&text), ignore, NULL);
    bool has = app_file_has(f, x->account.name);
    if (x->conf->main_password == MAIN_NO || (x->conf->main_password == MAIN_UNLESS_APP && has))
        explain_say(x, has ? NOTES : REFUSES, "main_password",
                    "the account's own password is barred from mail%s",
                    has ? "; its application passwords are good" : ", and it has no application password");
    else
        explain_say(x, ALLOWS, "main_password", "the account's own password may be used%s",
                    has ? ", and it has application passwords" : "");
    app_file_free(f);
}

static void check_mail(struct explain *x)
{
    struct stat st;
    const struct account *a = &x->account;
    if (!a->mail)
        return;
    if (stat(a->mail, &st) != 0 && errno == ENOENT)
        explain_say(x, NOTES, "maildir", "%s is not there yet; it is made at the first login", a->mail);
    else if (stat(a->mail, &st) != 0)
        explain_say(x, NOTES, "maildir", "%s: %s", a->mail, strerror(errno));
    else if (st.st_uid != a->uid)
        explain_say(x, REFUSES, "maildir", "%s belongs to uid %u, but the account is uid %u", a->mail,
                    st.st_uid, a->uid);
    else
        explain_say(x, ALLOWS, "maildir", "%s", a->mail);
}

static void check_rules(struct explain *x)
{
    struct account_rules rules = {.first_uid = x->conf->site.first_uid,
                                  .only_uid = geteuid() ? geteuid() : (uid_t)-1,
                                  .default_mail = x->conf->mail};
    struct err e;
    if (!x->account.mail && account_set_mail(&x->account, rules.default_mail, &e) != 0)
        explain_say(x, REFUSES, "mail", "%s", e.text);
    const char *why = account_refused(&x->account, &rules);
    if (why)
        explain_say(x, REFUSES, "account", "uid %u, gid %u: %s", x->account.uid, x->account.gid, why);
    else
        explain_say(x, ALLOWS, "account", "uid %u, gid %u, home %s", x->account.uid, x->account.gid,
                    x->account.home);
}

/* ---- in order ---- */

static void find_account(struct explain *x)
{
    for (char **source = x->conf->accounts; source && *source && !x->found; source++) {
        if (strcmp(*source, "pam") == 0)
            explain_system(x);
        else
            explain_file(x);
    }
    if (!x->found)
        explain_say(x, REFUSES, "account", "nobody has this name");
}

static int explain(struct explain *x)
{
    check_connection(x);
    check_server(x);
    if (auth_name_ok(bytes_of(x->name)))
        find_account(x);
    else
        explain_say(x, REFUSES, "name", "this is no name that an account may have, see posthouse-passwd(5)");
    if (x->found) {
        check_rules(x);
        check_app_passwords(x);
        check_mail(x);
    }
    printf("%s\n", x->refused ? "The login would be refused."
                              : "With the right password the login would be accepted.");
    return fflush(stdout) ? 111 : x->refused != 0;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: posthouse explain login [-c FILE] [--ip ADDRESS] [--service imap|pop3|smtp] USER\n");
    return 100;
}

static bool read_arguments(struct explain *x, int argc, char **argv)
{
    static const struct option options[] = {
        {"ip", required_argument, NULL, 'i'}, {"service", required_argument, NULL, 's'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        const char **slot = c == 'c' ? &x->conf_path : c == 'i' ? &x->ip : c == 's' ? &x->service : NULL;
        if (!slot)
            return false;
        *slot = optarg;
    }
    if (argc - optind != 2 || strcmp(argv[optind], "login") != 0)
        return false;
    x->name = argv[optind + 1];
    return strlen(x->ip) <= AUTH_REMOTE_MAX && strlen(x->name) <= AUTH_NAME_MAX &&
           app_services_ok(bytes_of(x->service));
}

/* What an address leads to is the relay's to say. */
static int explain_address(char **argv)
{
    const char *directory = getenv("POSTHOUSE_LIBEXECDIR");
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    strbuf_addf(&path, "%s/posthouse-explain-address", directory && *directory ? directory : PKGLIBEXECDIR);
    execv(path.data, argv);
    fprintf(stderr, "posthouse-explain: cannot execute %s: %s\n", path.data, strerror(errno));
    return 111;
}

int main(int argc, char **argv)
{
    static struct explain x = {
        .conf_path = SYSCONFDIR "/posthouse.conf", .ip = "127.0.0.1", .service = "imap"};
    if (argc > 1 && strcmp(argv[1], "address") == 0)
        return explain_address(argv + 1);
    log_init_stderr("explain");
    if (!read_arguments(&x, argc, argv))
        return usage();
    struct err e;
    x.conf = conf_load(x.conf_path, &auth_conf_table, &e);
    if (!x.conf) {
        log_error("%s", e.text);
        return 111;
    }
    int status = explain(&x);
    account_done(&x.account);
    conf_free(x.conf, &auth_conf_table);
    return status;
}
