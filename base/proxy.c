/*
 * proxy.c - the PROXY header. See proxy.h.
 *
 *   1: "PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\r\n", TCP6 alike, "PROXY UNKNOWN...\r\n"; at most 107 octets
 *   2: signature of 12 octets, version and command, family, length of the rest in two octets; addresses; then TLVs
 *      (type, length in two octets, value), of which we look at SSL (client bits, verify, TLVs of its own) and CRC32C
 *
 * Version 1 says nothing about TLS.
 */
#include "base/proxy.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define V1_MAX   107
#define V2_HEAD  16
#define V2_IPV4  12 /* octets of two addresses and two ports */
#define V2_IPV6  36
#define SSL_HEAD 5
#define TYPE_CRC 0x03
#define TYPE_SSL 0x20
#define BIT_SSL  0x01

static const char signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static void set_who(struct proxy_header *h, int family, const void *address, uint16_t port)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&h->who;
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)&h->who;
    h->given = true;
    h->who.ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        memcpy(&four->sin_addr, address, sizeof four->sin_addr);
        four->sin_port = htons(port);
    } else {
        memcpy(&six->sin6_addr, address, sizeof six->sin6_addr);
        six->sin6_port = htons(port);
    }
}

/* ---- version 1 ---- */

static bool get_address(struct bytes word, int family, void *address)
{
    char text[INET6_ADDRSTRLEN];
    if (!word.p || word.n >= sizeof text)
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = '\0';
    return strlen(text) == word.n && inet_pton(family, text, address) == 1;
}

static bool get_port(struct bytes word, uint64_t *port)
{
    return word.p && word.n <= 5 && bytes_to_u64(word, 65535, port);
}

static enum proxy_result parse_tcp(struct bytes rest, int family, struct proxy_header *h)
{
    unsigned char from[16], to[16];
    uint64_t from_port, to_port;
    bool good = get_address(bytes_split(&rest, ' '), family, from) &&
                get_address(bytes_split(&rest, ' '), family, to) &&
                get_port(bytes_split(&rest, ' '), &from_port) && get_port(bytes_split(&rest, ' '), &to_port);
    if (!good || rest.p)
        return PROXY_BAD;
    set_who(h, family, from, (uint16_t)from_port);
    return PROXY_DONE;
}

static enum proxy_result parse_1(struct bytes in, struct proxy_header *h)
{
    size_t end = bytes_index(in, '\n');
    if (end == in.n)
        return in.n < V1_MAX ? PROXY_MORE : PROXY_BAD;
    if (end + 1 > V1_MAX || in.p[end - 1] != '\r')
        return PROXY_BAD;
    h->size = end + 1;
    struct bytes rest = {in.p, end - 1};
    bytes_split(&rest, ' ');
    struct bytes family = bytes_split(&rest, ' ');
    if (bytes_eq(family, BYTES("UNKNOWN")))
        return PROXY_DONE;
    if (bytes_eq(family, BYTES("TCP4")))
        return parse_tcp(rest, AF_INET, h);
    return bytes_eq(family, BYTES("TCP6")) ? parse_tcp(rest, AF_INET6, h) : PROXY_BAD;
}

/* ---- version 2 ---- */

static unsigned get_u8(struct bytes b, size_t at)
{
    return (unsigned char)b.p[at];
}

static unsigned get_u16(struct bytes b, size_t at)
{
    return get_u8(b, at) << 8 | get_u8(b, at + 1);
}

/* Castagnoli's, bit by bit: once for each connection. `hole`: four octets that count as zero. */
static uint32_t crc32c(struct bytes b, size_t hole)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < b.n; i++) {
        crc ^= i >= hole && i < hole + 4 ? 0 : get_u8(b, i);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static bool take_tlv(struct bytes header, size_t at, unsigned type, size_t n, struct proxy_header *h)
{
    if (type == TYPE_SSL) {
        if (n < SSL_HEAD)
            return false;
        h->tls = get_u8(header, at) & BIT_SSL;
    } else if (type == TYPE_CRC) {
        if (n != 4)
            return false;
        uint32_t told = (uint32_t)get_u16(header, at) << 16 | get_u16(header, at + 2);
        return told == crc32c(header, at);
    }
    return true;
}

static enum proxy_result parse_tlvs(struct bytes header, size_t at, struct proxy_header *h)
{
    while (at < header.n) {
        if (header.n - at < 3)
            return PROXY_BAD;
        size_t n = get_u16(header, at + 1);
        if (n > header.n - at - 3 || !take_tlv(header, at + 3, get_u8(header, at), n, h))
            return PROXY_BAD;
        at += 3 + n;
    }
    return PROXY_DONE;
}

static enum proxy_result parse_addresses(struct bytes header, struct proxy_header *h)
{
    const char *p = header.p + V2_HEAD;
    size_t room = header.n - V2_HEAD;
    switch (get_u8(header, 13)) {
    case 0x11: /* TCP over IPv4 */
        if (room < V2_IPV4)
            return PROXY_BAD;
        set_who(h, AF_INET, p, (uint16_t)get_u16(header, V2_HEAD + 8));
        return parse_tlvs(header, V2_HEAD + V2_IPV4, h);
    case 0x21: /* TCP over IPv6 */
        if (room < V2_IPV6)
            return PROXY_BAD;
        set_who(h, AF_INET6, p, (uint16_t)get_u16(header, V2_HEAD + 32));
        return parse_tlvs(header, V2_HEAD + V2_IPV6, h);
    case 0x00: /* unspecified: what follows means nothing */
    case 0x31: /* a local stream socket */
        return PROXY_DONE;
    default:
        return PROXY_BAD;
    }
}

static enum proxy_result parse_2(struct bytes in, struct proxy_header *h)
{
    if (in.n < V2_HEAD)
        return PROXY_MORE;
    h->size = V2_HEAD + get_u16(in, 14);
    unsigned command = get_u8(in, 12);
    if ((command != 0x20 && command != 0x21) || h->size > PROXY_HEADER_MAX)
        return PROXY_BAD;
    if (in.n < h->size)
        return PROXY_MORE;
    return command == 0x20 ? PROXY_DONE : parse_addresses(bytes_from(in.p, h->size), h);
}

/* ---- both ---- */

static bool begins(struct bytes in, struct bytes mark)
{
    size_t n = in.n < mark.n ? in.n : mark.n;
    return n == 0 || memcmp(in.p, mark.p, n) == 0;
}

enum proxy_result proxy_parse(struct bytes in, struct proxy_header *h)
{
    memset(h, 0, sizeof *h);
    struct bytes one = BYTES("PROXY "), two = bytes_from(signature, sizeof signature);
    if (begins(in, one))
        return in.n < one.n ? PROXY_MORE : parse_1(in, h);
    if (begins(in, two))
        return in.n < two.n ? PROXY_MORE : parse_2(in, h);
    return PROXY_BAD;
}
