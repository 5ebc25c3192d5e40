/*
 * access_conf.c - the rows of section `access`. See access_conf.h.
 */
#include "access/access_conf.h"

#include "access/pop3_uidl.h"
#include "base/cleanup.h"
#include "base/nets.h"
#include "base/proxy.h"

#include <string.h>

#define FIELD(f) offsetof(struct access_conf, f)

static int check_net(const char *value, struct err *e)
{
    if (*value && !strchr(value, ',') && nets_ok(bytes_of(value)))
        return 0;
    return err_set(e, ERR_INVALID, "a network or an address, such as \"192.0.2.0/24\" or \"2001:db8::1\"");
}

static const struct conf_row rows[] = {
    {"access", "imap", CONF_LIST, FIELD(imap), "*:143", 0, 0, NULL, NULL,
     "addresses on which IMAP is spoken (STARTTLS)"},
    {"access", "imaps", CONF_LIST, FIELD(imaps), "*:993", 0, 0, NULL, NULL,
     "addresses on which IMAP is spoken under TLS from the first byte"},
    {"access", "pop3", CONF_LIST, FIELD(pop3), "*:110", 0, 0, NULL, NULL,
     "addresses on which POP3 is spoken (STLS)"},
    {"access", "pop3s", CONF_LIST, FIELD(pop3s), "*:995", 0, 0, NULL, NULL,
     "addresses on which POP3 is spoken under TLS from the first byte"},
    {"access", "proxy_networks", CONF_LIST, FIELD(proxy_networks), "", 0, 0, NULL, check_net,
     "networks of proxies that speak the PROXY protocol (version 1 or 2) on addresses with the word proxy "
     "behind them, as in "
     "imap = {\"*:143\", \"192.0.2.1:1143 proxy\"}"},
    {"access", "max_connections", CONF_INT, FIELD(max_connections), "16000", 1, 60000, NULL, NULL,
     "connections in all: those from afar, and from loopback those not yet logged in and those under TLS"},
    {"access", "max_connections_per_address", CONF_INT, FIELD(max_connections_per_address), "1000", 1, 60000,
     NULL, NULL, "the same for one address (IPv6: one /64); loopback addresses are exempt"},
    {"access", "max_unauthenticated", CONF_INT, FIELD(max_unauthenticated), "4000", 1, 60000, NULL, NULL,
     "connections that have not logged in, in all; when there are more, those that have been there for five "
     "seconds "
     "make room"},
    {"access", "max_unauthenticated_per_address", CONF_INT, FIELD(max_unauthenticated_per_address), "200", 1,
     60000, NULL, NULL, "the same for one address (IPv6: one /64); loopback addresses are exempt"},
    {"access", "max_sessions_per_user", CONF_INT, FIELD(max_sessions_per_user), "200", 1, 100000, NULL, NULL,
     "sessions of one account"},
    {"access", "pop3_uidl_format", CONF_STRING, FIELD(pop3_uidl_format), POP3_UIDL_FORMAT, 0, 0, NULL,
     pop3_uidl_check,
     "what UIDL of POP3 tells of messages, in Dovecot's spelling: %u UID, %v UIDVALIDITY, %f file name, %g "
     "GUID; those that an earlier server has told "
     "stay"},
    {"access", "append_limit", CONF_SIZE, FIELD(append_limit), "512M", 1024, (int64_t)4 << 30, NULL, NULL,
     "octets of one message that a client may store over IMAP (it is told: APPENDLIMIT)"},
    {"access", "login_isolation", CONF_CHOICE, FIELD(login_isolation), "pool", 0, 0, "pool|connection", NULL,
     "who faces the clients: a pool of processes, one for each core, or one process for each connection, "
     "which costs a "
     "few megabytes and milliseconds each"},
    {"access", "login_timeout", CONF_TIME, FIELD(login_timeout), "3m", 5, 3600, NULL, NULL,
     "time that a client has for its login, all in all"},
    {"access", "slow_client_timeout", CONF_TIME, FIELD(slow_client_timeout), "5m", 1, 3600, NULL, NULL,
     "time that a client under TLS has for taking 64 KB of what it asked for; then it is disconnected"},
};

static const char *const foreign[] = {"auth", "relay", NULL};

const struct conf_table access_conf_table = {
    .common = site_conf_rows,
    .ncommon = SITE_CONF_NROWS,
    .rows = rows,
    .count = ARRAY_LEN(rows),
    .size = sizeof(struct access_conf),
    .foreign = foreign,
};

const struct access_service access_services[ACCESS_SERVICES] = {
    {"imap", FIELD(imap), "imap", false},
    {"imaps", FIELD(imaps), "imap", true},
    {"pop3", FIELD(pop3), "pop3", false},
    {"pop3s", FIELD(pop3s), "pop3", true},
};

const struct access_service *access_service_named(const char *name)
{
    for (size_t i = 0; i < ACCESS_SERVICES; i++)
        if (strcmp(access_services[i].name, name) == 0)
            return &access_services[i];
    return NULL;
}

int access_conf_check(const struct access_conf *conf, struct err *e)
{
    for (size_t i = 0; i < ACCESS_SERVICES; i++) {
        char *const *address =
            *(char *const *const *)(const void *)((const char *)conf + access_services[i].offset);
        for (; address && *address; address++)
            if (strstr(*address, PROXY_WORD) && (!conf->proxy_networks || !*conf->proxy_networks))
                return err_set(e, ERR_INVALID,
                               "access: %s has \"%s\", so proxy_networks must say whose word counts there",
                               access_services[i].name, *address);
    }
    return 0;
}
