/*
 * nets.c - see nets.h.
 */
#include "base/nets.h"

#include <arpa/inet.h>

struct net {
    unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};

static bool address_parse(const char *text, struct net *net, bool *v4)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(net->address, mapped, sizeof(mapped));
    *v4 = inet_pton(AF_INET, text, net->address + 12) == 1;
    if (*v4)
        return true;
    return inet_pton(AF_INET6, text, net->address) == 1;
}

static bool net_parse(struct bytes item, struct net *net)
{
    char text[INET6_ADDRSTRLEN];
    struct bytes prefix = bytes_trim(item), address = bytes_split(&prefix, '/');
    uint64_t bits;
    bool v4;
    if (address.n >= sizeof(text))
        return false;
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (strlen(text) != address.n || !address_parse(text, net, &v4))
        return false;
    if (!prefix.p)
        bits = v4 ? 32 : 128;
    else if (!bytes_to_u64(prefix, v4 ? 32 : 128, &bits))
        return false;
    net->bits = (unsigned)bits + (v4 ? 96 : 0);
    return true;
}

bool nets_ok(struct bytes list)
{
    struct net net;
    do {
        if (!net_parse(bytes_split(&list, ','), &net))
            return false;
    } while (list.p);
    return true;
}

static bool net_holds(const struct net *net, const struct net *host)
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;
    if (memcmp(net->address, host->address, whole) != 0)
        return false;
    return rest == 0 || (net->address[whole] ^ host->address[whole]) >> (8 - rest) == 0;
}

bool nets_match(struct bytes list, const char *remote)
{
    struct net net, host;
    bool v4;
    if (!address_parse(remote, &host, &v4))
        return false;
    do {
        if (net_parse(bytes_split(&list, ','), &net) && net_holds(&net, &host))
            return true;
    } while (list.p);
    return false;
}

bool nets_match_any(char *const *nets, const char *remote)
{
    for (; nets && *nets; nets++)
        if (nets_match(bytes_of(*nets), remote))
            return true;
    return false;
}
