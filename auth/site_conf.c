/*
 * site_conf.c - the options at the top of posthouse.conf, which authd, relayd and accessd read alike.
 */
#include "auth/site_conf.h"

#include "base/log.h"
#include "base/nets.h"
#include "base/strbuf.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOSTNAME_LEN_MAX = 253, FOLDERS_MAX = 65536 };

/* The value goes into SMTP greetings, Received lines and certificates: letters, digits, hyphens and dots
 * only. */
static int check_hostname(const char *value, struct err *e)
{
    size_t n = strlen(value);
    if (n == 0)
        return 0;
    size_t ok = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (ok != n || n > HOSTNAME_LEN_MAX || value[0] == '.' || value[0] == '-')
        return err_set(e, ERR_INVALID, "a fully qualified host name such as \"mail.example.org\"");
    return 0;
}

static int check_log(const char *value, struct err *e)
{
    if (strcmp(value, "stderr") == 0 || strcmp(value, "syslog") == 0 || strncmp(value, "file:/", 6) == 0)
        return 0;
    return err_set(e, ERR_INVALID, "\"stderr\", \"syslog\" or \"file:/path/to/the/log\"");
}

static const char *const levels[] = {"error", "warn", "info", "debug"}; /* as enum log_level */

static int level_of(const char *name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(name, levels[i]) == 0)
            return (int)i;
    return -1;
}

static int check_log_level(const char *value, struct err *e)
{
    if (level_of(value) >= 0)
        return 0;
    return err_set(e, ERR_INVALID, "\"error\", \"warn\", \"info\" or \"debug\"");
}

static int check_absolute(const char *value, struct err *e)
{
    return value[0] == '/' ? 0 : err_set(e, ERR_INVALID, "an absolute path");
}

static const char *const mechanisms[] = {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};

static int check_mechanism(const char *value, struct err *e)
{
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
        if (strcmp(value, mechanisms[i]) == 0)
            return 0;
    return err_set(e, ERR_INVALID,
                   "a list out of \"PLAIN\", \"LOGIN\", \"SCRAM-SHA-256\" and \"SCRAM-SHA-256-PLUS\"");
}

static int check_net(const char *value, struct err *e)
{
    return *value && !strchr(value, ',') && nets_ok(bytes_of(value))
               ? 0
               : err_set(e, ERR_INVALID,
                         "a network or an address, such as \"192.0.2.0/24\" or \"2001:db8::1\"");
}

static int check_folder(const char *value, struct err *e)
{
    if (*value && !strchr(value, '/'))
        return 0;
    return err_set(e, ERR_INVALID, "a folder's name, with \".\" between its levels");
}

/* "Name" or "Name=\\Use" */
static int check_new_folder(const char *value, struct err *e)
{
    const char *use = strchr(value, '=');
    if (*value && *value != '=' && !strchr(value, '/') && (!use || use[1] == '\\'))
        return 0;
    return err_set(e, ERR_INVALID,
                   "a folder's name, perhaps with its special use, as \"Sent\" or \"Gesendet=\\\\Sent\"");
}

/* "Name=30d" or "\\Use=30d" */
static int check_autoexpunge(const char *value, struct err *e)
{
    const char *equals = strchr(value, '=');
    size_t digits = equals ? strspn(equals + 1, "0123456789") : 0;
    if (equals && equals != value && !strchr(value, '/') && digits >= 1 && digits <= 5 &&
        strcmp(equals + 1 + digits, "d") == 0)
        return 0;
    return err_set(e, ERR_INVALID,
                   "a folder or a special use, and days, as \"Trash=30d\" or \"\\\\Junk=14d\"");
}

#define FIELD(f) offsetof(struct site_conf, f)

const struct conf_row site_conf_rows[SITE_CONF_NROWS] = {
    {NULL, "hostname", CONF_STRING, FIELD(hostname), "", 0, 0, NULL, check_hostname,
     "name of this machine in greetings, Received lines and the self-signed certificate; empty: the "
     "system's"},
    {NULL, "log", CONF_STRING, FIELD(log), "stderr", 0, 0, NULL, check_log,
     "where log lines go: stderr, syslog, or file:/path"},
    {NULL, "log_level", CONF_STRING, FIELD(log_level), "info", 0, 0, NULL, check_log_level,
     "the most verbose level that is logged: error, warn, info, debug"},
    {NULL, "run_dir", CONF_STRING, FIELD(run_dir), RUNSTATEDIR "/posthouse", 0, 0, NULL, check_absolute,
     "directory of the local sockets"},
    {NULL, "state_dir", CONF_STRING, FIELD(state_dir), LOCALSTATEDIR "/lib/posthouse", 0, 0, NULL,
     check_absolute, "directory of what must survive a restart, such as the self-signed certificate"},
    {NULL, "plaintext_login", CONF_CHOICE, FIELD(plaintext_login), "loopback", 0, 0, "never|loopback", NULL,
     "from where a password is accepted without TLS: loopback addresses, or nowhere"},
    {NULL, "first_uid", CONF_INT, FIELD(first_uid), "500", 1, UINT32_MAX - 1, NULL, NULL,
     "smallest uid that mail is served for"},
    {NULL, "quota_ignore", CONF_LIST, FIELD(quota_ignore), "", 0, 0, NULL, check_folder,
     "folders, such as \"Trash\", that do not count for the quota, nor do the folders below them; Courier "
     "counts no "
     "Trash, Dovecot does"},
    {NULL, "new_folders", CONF_LIST, FIELD(new_folders), "Drafts Sent Trash Junk Archive", 0, 0, NULL,
     check_new_folder,
     "folders that are made, and subscribed to, together with a new Maildir: names, or with a special use "
     "that the name does not tell, "
     "\"Gesendet=\\\\Sent\""},
    {NULL, "autoexpunge", CONF_LIST, FIELD(autoexpunge), "", 0, 0, NULL, check_autoexpunge,
     "folders (or special uses) from which messages are removed so many days after they were put there, as "
     "\"Trash=30d\" or \"\\\\Junk=14d\": when an "
     "IMAP session ends, and by posthouse mailbox expire"},
    {NULL, "sasl_mechanisms", CONF_LIST, FIELD(sasl_mechanisms), "PLAIN LOGIN", 0, 0, NULL, check_mechanism,
     "what clients may log in with, out of PLAIN, LOGIN, SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (under TLS "
     "1.3); programs prefer SCRAM "
     "where it is offered, so offer it when all accounts have SCRAM verifiers"},
    {NULL, "trusted_networks", CONF_LIST, FIELD(trusted_networks), "", 0, 0, NULL, check_net,
     "networks of webmail and the like: they may say for which address they come (IMAP ID x-originating-ip), "
     "and are "
     "never banned nor limited as one address; loopback is among them anyway"},
};
const size_t site_conf_nrows = SITE_CONF_NROWS;

static char *join(char **names)
{
    struct strbuf all = STRBUF_INIT(FOLDERS_MAX);
    for (char **name = names; name && *name; name++)
        strbuf_addf(&all, "%s%s", all.len ? "/" : "", *name);
    return all.len ? strbuf_detach(&all) : NULL;
}

char *site_quota_ignore(const struct site_conf *site)
{
    return join(site->quota_ignore);
}

char *site_autoexpunge(const struct site_conf *site)
{
    return join(site->autoexpunge);
}

char *site_new_folders(const struct site_conf *site)
{
    return join(site->new_folders);
}

/* The system's name, completed with its domain where the resolver knows it. */
static char *system_hostname(void)
{
    char name[HOSTNAME_LEN_MAX + 1] = "";
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
        return xstrdup("localhost");
    if (strchr(name, '.'))
        return xstrdup(name);
    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *ai = NULL;
    if (getaddrinfo(name, NULL, &hints, &ai) != 0)
        return xstrdup(name);
    const char *canon = ai->ai_canonname;
    bool better = canon && strchr(canon, '.') && strncmp(canon, "localhost", 9) != 0 &&
                  check_hostname(canon, NULL) == 0;
    char *found = xstrdup(better ? canon : name);
    freeaddrinfo(ai);
    return found;
}

void site_conf_complete(struct site_conf *site)
{
    if (!site->hostname)
        site->hostname = system_hostname();
}

void site_conf_apply(const struct site_conf *site)
{
    int level = site->log_level ? level_of(site->log_level) : -1;
    if (level >= 0)
        log_set_level((enum log_level)level);
}

static bool is_loopback(const char *remote)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, remote, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, remote, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

bool site_plaintext_allowed(const struct site_conf *site, const char *remote)
{
    return site->plaintext_login == PLAINTEXT_LOOPBACK && is_loopback(remote);
}

bool site_trusted(const struct site_conf *site, const char *remote)
{
    return is_loopback(remote) || nets_match_any(site->trusted_networks, remote);
}

static bool offered(const char *mechanism, bool binding)
{
    size_t n = strlen(mechanism);
    return binding || n < 5 || strcmp(mechanism + n - 5, "-PLUS") != 0;
}

bool site_sasl_offers(const struct site_conf *site, struct bytes mechanism, bool binding)
{
    for (char **m = site->sasl_mechanisms; m && *m; m++)
        if (bytes_eq_nocase(mechanism, bytes_of(*m)) && offered(*m, binding))
            return true;
    return false;
}

void site_sasl_list(const struct site_conf *site, bool binding, const char *before, const char *after,
                    struct strbuf *out)
{
    for (char **m = site->sasl_mechanisms; m && *m; m++)
        if (offered(*m, binding))
            strbuf_addf(out, "%s%s%s", before, *m, after);
}
