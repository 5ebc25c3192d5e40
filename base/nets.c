/*
 * nets.c - see nets.h.
 */
#include "base/nets.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool address_parse(const char *text, struct net *net, bool *v4)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(net->address, mapped, sizeof(mapped));
    *v4 = inet_pton(AF_INET, text, net->address + 12) == 1;
    if (*v4)
        return true;
    return inet_pton(AF_INET6, text, net->address) == 1;
}

void net_cut(struct net *net, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++)
        if (i * 8 >= bits)
            net->address[i] = 0;
        else if (bits - i * 8 < 8)
            net->address[i] &= (unsigned char)(0xff00 >> (bits - i * 8));
    net->bits = bits;
}

bool net_parse(struct bytes item, struct net *net)
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
    net_cut(net, (unsigned)bits + (v4 ? 96 : 0));
    return true;
}

bool net_of_client(const char *remote, struct net *net)
{
    bool v4;
    if (!address_parse(remote, net, &v4))
        return false;
    net_cut(net, v4 || IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)net->address) ? 128 : 64);
    return true;
}

void net_write(const struct net *net, struct strbuf *out)
{
    char text[INET6_ADDRSTRLEN];
    bool v4 = net->bits >= 96 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)net->address);
    inet_ntop(v4 ? AF_INET : AF_INET6, net->address + (v4 ? 12 : 0), text, sizeof(text));
    strbuf_addf(out, "%s/%u", text, net->bits - (v4 ? 96 : 0));
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

bool net_holds(const struct net *net, const struct net *host)
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
