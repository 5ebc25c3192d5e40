/*
 * relay_conf.c - the rows of section `relay`. See relay_conf.h.
 */
#include "relay/relay_conf.h"

#include "relay/address_normal.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/nets.h"
#include "base/proxy.h"

#include <string.h>

static int check_listen(const char *value, struct err *e)
{
    const char *colon = strrchr(value, ':'), *word = colon ? strstr(colon, PROXY_WORD) : NULL;
    uint64_t port;
    struct bytes digits = word && !word[PROXY_WORD_LEN] ? bytes_from(colon + 1, (size_t)(word - colon) - 1)
                                                        : bytes_of(colon ? colon + 1 : "");
    if (colon && colon > value && bytes_to_u64(digits, 65535, &port))
        return 0;
    return err_set(e, ERR_INVALID,
                   "an address and a port such as \"*:25\", \"127.0.0.1:2525\" or \"[::1]:25\"");
}

static int check_file(const char *value, struct err *e)
{
    return *value == '/' ? 0 : err_set(e, ERR_INVALID, "an absolute path");
}

static int check_address(const char *value, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    return !*value || address_written(&path, bytes_of(value)) ? 0 : err_set(e, ERR_INVALID, "an address");
}

static int check_domain(const char *value, struct err *e)
{
    AUTO_STRBUF struct strbuf normal = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    bool good = domain_normal(&normal, bytes_of(value));
    size_t n = strspn(normal.data, "abcdefghijklmnopqrstuvwxyz0123456789-.*");
    if (good && n == normal.len && n <= 253 && value[0] != '.' && normal.data[n - 1] != '.')
        return 0;
    return err_set(e, ERR_INVALID, "a domain such as \"example.org\", or all below one: \"*.example.org\"");
}

static int check_srs_domain(const char *value, struct err *e)
{
    return *value ? check_domain(value, e) : 0;
}

static int check_smarthost(const char *value, struct err *e)
{
    const char *colon = strrchr(value, ':');
    uint64_t port = 0;
    if (!*value || (colon && colon > value && bytes_to_u64(bytes_of(colon + 1), 65535, &port) && port > 0))
        return 0;
    return err_set(e, ERR_INVALID, "a host and a port such as \"mail.example.org:587\"");
}

static int check_net(const char *value, struct err *e)
{
    if (*value && !strchr(value, ',') && nets_ok(bytes_of(value)))
        return 0;
    return err_set(e, ERR_INVALID, "a network or an address, such as \"192.0.2.0/24\" or \"2001:db8::1\"");
}

static int check_path(const char *value, struct err *e)
{
    return !*value || *value == '/' ? 0 : err_set(e, ERR_INVALID, "an absolute path");
}

static int check_subaddress(const char *value, struct err *e)
{
    if (!*value || (!value[1] && strchr("+-_=#", *value)))
        return 0;
    return err_set(e, ERR_INVALID, "one character out of + - _ = #, or nothing");
}

#define FIELD(f) offsetof(struct relay_conf, f)

static const struct conf_row rows[] = {
    {"relay", "smtp", CONF_LIST, FIELD(smtp), "*:25", 0, 0, NULL, check_listen,
     "where mail from other servers comes in"},
    {"relay", "submission", CONF_LIST, FIELD(submission), "*:587", 0, 0, NULL, check_listen,
     "where mail programs hand in mail, with STARTTLS"},
    {"relay", "submissions", CONF_LIST, FIELD(submissions), "*:465", 0, 0, NULL, check_listen,
     "the same with TLS from the start"},
    {"relay", "lmtp", CONF_LIST, FIELD(lmtp), "", 0, 0, NULL, check_listen,
     "where another mail server on this machine or behind a firewall hands in mail by LMTP, for accounts "
     "here only"},
    {"relay", "lmtp_socket", CONF_STRING, FIELD(lmtp_socket), "", 0, 0, NULL, check_path,
     "path of a Unix socket for the same; empty: none"},
    {"relay", "lmtp_group", CONF_STRING, FIELD(lmtp_group), "", 0, 0, NULL, NULL,
     "group whose members may use lmtp_socket, such as postfix; empty: root only"},
    {"relay", "proxy_networks", CONF_LIST, FIELD(proxy_networks), "", 0, 0, NULL, check_net,
     "networks of proxies that speak the PROXY protocol (version 1 or 2) on addresses with the word proxy "
     "behind them, as in "
     "smtp = {\"*:25\", \"192.0.2.1:1025 proxy\"}"},
    {"relay", "xclient_networks", CONF_LIST, FIELD(xclient_networks), "", 0, 0, NULL, check_net,
     "networks of filters and proxies that may say by XCLIENT who the client is"},
    {"relay", "domains", CONF_LIST, FIELD(domains), "", 0, 0, NULL, check_domain,
     "local domains besides the host name: mail for local@domain goes to the account local@domain or local"},
    {"relay", "smarthost", CONF_STRING, FIELD(smarthost), "", 0, 0, NULL, check_smarthost,
     "host:port of the server that takes mail for elsewhere; empty: such mail is refused"},
    {"relay", "smarthost_tls", CONF_CHOICE, FIELD(smarthost_tls), "starttls", 0, 0, "none|starttls|implicit",
     NULL, "how the connection to the smarthost is secured"},
    {"relay", "smarthost_credentials", CONF_STRING, FIELD(smarthost_credentials), "", 0, 0, NULL, check_path,
     "file with one line user:password for the smarthost, readable by root only"},
    {"relay", "spool_dir", CONF_STRING, FIELD(spool_dir), LOCALSTATEDIR "/spool/posthouse", 0, 0, NULL,
     check_path, "where mail waits that cannot be delivered at once"},
    {"relay", "message_size", CONF_SIZE, FIELD(message_size), "50M", 1024, INT64_C(1) << 40, NULL, NULL,
     "largest message that is taken"},
    {"relay", "recipients", CONF_INT, FIELD(recipients), "100", 1, 1000, NULL, NULL,
     "most recipients of one message that is taken by SMTP"},
    {"relay", "sender_check", CONF_CHOICE, FIELD(sender_check), "owned", 0, 0, "owned|local|any", NULL,
     "under which addresses those who log in may send, of the envelope and of From and Sender: owned, only "
     "their own and "
     "those that senders gives them; local, also all that are not of this server; any, all"},
    {"relay", "senders", CONF_STRING, FIELD(senders), "", 0, 0, NULL, check_path,
     "file of further addresses that logins may send under, readable by the user posthouse: a login, a "
     "blank, and addresses, "
     "@domain or *, on each line"},
    {"relay", "hide_client", CONF_BOOL, FIELD(hide_client), "no", 0, 0, NULL, NULL,
     "keep the names and addresses of the machines of those who log in out of Received"},
    {"relay", "max_connections", CONF_INT, FIELD(max_connections), "5000", 1, 60000, NULL, NULL,
     "connections to all SMTP ports together; those over it are told 421"},
    {"relay", "max_connections_per_address", CONF_INT, FIELD(max_connections_per_address), "100", 1, 60000,
     NULL, NULL, "the same for one address (IPv6: one /64); loopback addresses are exempt"},
    {"relay", "smtp_timeout", CONF_TIME, FIELD(smtp_timeout), "5m", 1, 3600, NULL, NULL,
     "how long an SMTP client may take from a reply to the end of its next command"},
    {"relay", "greeting_delay", CONF_TIME, FIELD(greeting_delay), "0s", 0, 30, NULL, NULL,
     "how long clients from afar wait for the greeting on the addresses of smtp; those that speak before it "
     "are sent away"},
    {"relay", "messages_per_hour", CONF_INT, FIELD(limits[0]), "300", 0, 1000000000, NULL, NULL,
     "most messages that an account or a user of this machine may send in an hour, before what it sends is "
     "held; 0: any number"},
    {"relay", "recipients_per_hour", CONF_INT, FIELD(limits[1]), "1000", 0, 1000000000, NULL, NULL,
     "most recipients that an account or a user of this machine may send in an hour, before what it sends is "
     "held; 0: any number"},
    {"relay", "messages_per_day", CONF_INT, FIELD(limits[2]), "2000", 0, 1000000000, NULL, NULL,
     "most messages that an account or a user of this machine may send in a day, before what it sends is "
     "held; 0: any number"},
    {"relay", "recipients_per_day", CONF_INT, FIELD(limits[3]), "5000", 0, 1000000000, NULL, NULL,
     "most recipients that an account or a user of this machine may send in a day, before what it sends is "
     "held; 0: any number"},
    {"relay", "retry_first", CONF_TIME, FIELD(retry_first), "5m", 1, 86400, NULL, NULL,
     "the wait before the second attempt to deliver a message; doubled each time"},
    {"relay", "retry_max", CONF_TIME, FIELD(retry_max), "4h", 1, 86400, NULL, NULL,
     "the longest wait between two attempts"},
    {"relay", "delay_notice", CONF_TIME, FIELD(delay_notice), "4h", 0, 31 * 86400, NULL, NULL,
     "when to tell the sender that a message is still waiting; 0: never"},
    {"relay", "expire", CONF_TIME, FIELD(expire), "5d", 1, 31 * 86400, NULL, NULL,
     "when to give up and tell the sender"},
    {"relay", "subaddress", CONF_STRING, FIELD(subaddress), "+", 0, 0, NULL, check_subaddress,
     "what separates an account's name from a detail of the user's own in an address; mail goes into the "
     "folder of that name if there is one; empty: nothing"},
    {"relay", "local_parts", CONF_CHOICE, FIELD(local_parts), "any_case", 0, 0, "any_case|exact", NULL,
     "whether Anna@ and anna@ are one address"},
    {"relay", "domain_files", CONF_LIST, FIELD(domain_files), "", 0, 0, NULL, check_file,
     "files with one more local domain on each line, read again when they change"},
    {"relay", "virtual_maps", CONF_LIST, FIELD(virtual_maps), "", 0, 0, NULL, check_file,
     "files that put addresses in the place of others, as virtual(5) of Postfix, read again when they "
     "change; "
     "see posthouse-aliases(5)"},
    {"relay", "aliases", CONF_STRING, FIELD(aliases), "/etc/aliases", 0, 0, NULL, check_path,
     "file of aliases for local parts, read again when it changes; it need not be there; empty: none"},
    {"relay", "postmaster", CONF_STRING, FIELD(postmaster), "", 0, 0, NULL, check_address,
     "who has the mail for postmaster and root where no alias or account has it; empty: the first member of "
     "the group sudo or wheel"},
    {"relay", "srs_domain", CONF_STRING, FIELD(srs_domain), "", 0, 0, NULL, check_srs_domain,
     "domain of the senders under which mail is forwarded elsewhere, which must lead here; empty: the host "
     "name"},
    {"relay", "forward_files", CONF_BOOL, FIELD(forward_files), "yes", 0, 0, NULL, NULL,
     "whether ~/.forward of an account with a uid of its own is obeyed"},
};

static const char *const foreign[] = {"auth", "access", NULL};

const struct conf_table relay_conf_table = {
    .common = site_conf_rows,
    .ncommon = SITE_CONF_NROWS,
    .rows = rows,
    .count = ARRAY_LEN(rows),
    .size = sizeof(struct relay_conf),
    .foreign = foreign,
};

static bool has_proxy(char *const *addresses)
{
    for (; addresses && *addresses; addresses++)
        if (strstr(*addresses, PROXY_WORD))
            return true;
    return false;
}

int relay_conf_check(const struct relay_conf *conf, struct err *e)
{
    if (conf->smarthost_credentials && !conf->smarthost)
        return err_set(e, ERR_INVALID, "relay: smarthost_credentials is set, but smarthost is not");
    if (!conf->spool_dir)
        return err_set(e, ERR_INVALID, "relay: spool_dir must not be empty");
    if ((!conf->proxy_networks || !*conf->proxy_networks) &&
        (has_proxy(conf->smtp) || has_proxy(conf->submission) || has_proxy(conf->submissions) ||
         has_proxy(conf->lmtp)))
        return err_set(
            e, ERR_INVALID,
            "relay: proxies speak on an address, so proxy_networks must say whose word counts there");
    return 0;
}
