/*
 * proxy.h - the PROXY protocol, version 1 and 2 (haproxy's proxy-protocol.txt): whom a proxy speaks for.
 *
 * Taken only where the configuration expects it, from proxies that it names; there every connection must begin with it.
 */
#ifndef BASE_PROXY_H
#define BASE_PROXY_H

#include "base/bytes.h"
#include "base/event.h"

#include <sys/socket.h>

/* Behind an address to listen on: proxies speak there. So ends the name of its socket then, too. */
#define PROXY_WORD     " proxy"
#define PROXY_WORD_LEN (sizeof PROXY_WORD - 1)

enum {
    PROXY_HEADER_MAX = 2048, /* octets; what we have seen has less than 600 */
    PROXY_SECONDS = 5,       /* in which the header must be there */
};

/* ---- the header. Pure ---- */

struct proxy_header {
    size_t size; /* octets of the header */
    bool given;  /* does it name a client? Else the proxy speaks for itself (LOCAL, UNKNOWN) */
    struct sockaddr_storage who; /* the client's address and port */
    bool tls;                    /* the client speaks TLS with the proxy */
};

enum proxy_result {
    PROXY_BAD = -1, /* this is no header */
    PROXY_MORE,     /* so far it is, and all of these octets are its */
    PROXY_DONE,     /* *h is filled in; the connection's own octets begin after h->size */
};
enum proxy_result proxy_parse(struct bytes in, struct proxy_header *h);

/* ---- receiving it ---- */

/* Read exactly the header from fd (a non-blocking stream socket) and call fn once with fd, which is its owner's again; h is
 * NULL if it did not come in time, or is none. */
typedef void proxy_fn(int fd, const struct proxy_header *h, void *arg);
void proxy_receive(struct loop *loop, int fd, proxy_fn *fn, void *arg);
/* Headers that are awaited in this process. */
unsigned proxy_awaited(void);

#endif
