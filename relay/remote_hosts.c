/*
 * remote_hosts.c - which hosts take mail for a domain. See remote_hosts.h.
 *
 * No MX: the domain itself. One MX with an empty name: the domain takes no mail. That a lookup failed says nothing about the domain: its
 * mail waits. Names that cannot be hosts (an address as text, too long) are passed over.
 */
#include "relay/remote_hosts.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 3, 4)))
verdict(struct mail_hosts *list, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(list->text, sizeof list->text, format, args);
    va_end(args);
    list->code = code;
}

static bool is_address(const char *name)
{
    unsigned char in[16];
    return inet_pton(AF_INET, name, in) == 1 || inet_pton(AF_INET6, name, in) == 1;
}

static bool usable(struct bytes name)
{
    char text[DNS_NAME_MAX + 1];
    if (!name.n || name.n > DNS_NAME_MAX || memchr(name.p, 0, name.n))
        return false;
    snprintf(text, sizeof text, BYTES_FMT, BYTES_ARG(name));
    return !is_address(text);
}

/* Sorted by preference; equals in the order in which the dice fall. */
static void insert(struct mail_host *hosts, size_t *n, const struct mail_host *host, hosts_random *random)
{
    size_t first = 0, last, at;
    while (first < *n && hosts[first].preference < host->preference)
        first++;
    for (last = first; last < *n && hosts[last].preference == host->preference;)
        last++;
    at = first + random((unsigned)(last - first + 1));
    memmove(hosts + at + 1, hosts + at, (*n - at) * sizeof *hosts);
    hosts[at] = *host;
    ++*n;
}

/* The number of hosts that are nearer than this one. */
static size_t before_own(const struct mail_host *hosts, size_t n, const char *own)
{
    for (size_t i = 0; i < n; i++)
        if (bytes_eq_nocase(bytes_of(hosts[i].name), bytes_of(own))) {
            while (i > 0 && hosts[i - 1].preference == hosts[i].preference)
                i--;
            return i;
        }
    return n;
}

static void from_records(struct mail_hosts *list, const struct dns_question *mx, const char *own,
                         hosts_random *random)
{
    struct mail_host all[DNS_RECORDS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < mx->n && i < DNS_RECORDS_MAX; i++) {
        struct mail_host host = {.preference = mx->records[i].preference};
        if (!usable(mx->records[i].data))
            continue;
        host.name = bytes_dup(mx->records[i].data);
        insert(all, &n, &host, random);
    }
    size_t nearer = before_own(all, n, own);
    for (size_t i = 0; i < n; i++)
        if (i < nearer && i < HOSTS_MAX)
            list->hosts[list->n++] = all[i];
        else
            free(all[i].name);
    if (!n)
        verdict(list, 550, "5.4.4 No MX record of %s names a host", mx->name);
    else if (!list->n)
        verdict(list, 554,
                "5.4.6 Mail for %s loops: its best MX is this host, which does not serve the domain",
                mx->name);
}

void hosts_from_mx(struct mail_hosts *list, const struct dns_question *mx, const char *own,
                   hosts_random *random)
{
    *list = (struct mail_hosts){.secure = mx->status == DNS_SECURE || mx->status == DNS_ABSENT};
    if (mx->status == DNS_BOGUS)
        verdict(list, 451, "4.4.3 The MX records of %s are not signed as they must be: %s", mx->name,
                mx->why);
    else if (mx->status == DNS_TEMPORARY)
        verdict(list, 451, "4.4.3 The MX records of %s cannot be looked up now: %s", mx->name, mx->why);
    else if (mx->no_such_name)
        verdict(list, 550, "5.1.2 There is no domain %s", mx->name);
    else if (mx->n == 1 && !mx->records[0].data.n)
        verdict(list, 556, "5.1.10 %s takes no mail (null MX)", mx->name);
    else if (mx->n)
        from_records(list, mx, own, random);
    else if (bytes_eq_nocase(bytes_of(mx->name), bytes_of(own)))
        verdict(list, 554, "5.4.6 Mail for %s loops: it is this host, which does not serve the domain",
                mx->name);
    else
        list->hosts[list->n++] =
            (struct mail_host){.name = xstrdup(mx->canonical ? mx->canonical : mx->name)};
}

void hosts_done(struct mail_hosts *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->hosts[i].name);
    list->n = 0;
}
