/*
 * remote_hosts.h - from the MX records of a domain to the hosts that are tried, in their order (RFC 5321 5.1, RFC 7505). Pure.
 */
#ifndef RELAY_REMOTE_HOSTS_H
#define RELAY_REMOTE_HOSTS_H

#include "relay/dns_client.h"

#define HOSTS_MAX 20 /* of one domain that are tried */

struct mail_host {
    char *name;
    unsigned preference;
};

struct mail_hosts {
    struct mail_host hosts[HOSTS_MAX];
    size_t n;
    bool secure; /* DNSSEC vouches for the list */
    /* Not 0: there is none to be tried, and this is the verdict. */
    int code;
    char text[400];
};

/* Random numbers below n, for the order of equals. */
typedef unsigned hosts_random(unsigned n);

/* mx: the answered question for the domain's MX. own: the name of this host, which cuts the list where it stands in it: those behind
 * it are not nearer than we are. */
void hosts_from_mx(struct mail_hosts *list, const struct dns_question *mx, const char *own,
                   hosts_random *random);
void hosts_done(struct mail_hosts *list);

#endif
