/*
 * smtp_xclient.c - XCLIENT: a filter or a proxy in front, in one of xclient_networks, says who the client is (as Postfix has it in
 * XCLIENT_README). ADDR and HELO count, NAME, PORT, PROTO and DESTADDR are read over; LOGIN is refused, since nobody is
 * authenticated by a word.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/nets.h"
#include "base/text.h"
#include "relay/smtp.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct xclient {
    char addr[INET6_ADDRSTRLEN];
    bool unknown; /* ADDR=[UNAVAILABLE] */
};

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* xtext; false if it is none, or hides a control character. */
static bool decode(struct bytes value, struct strbuf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        int c = (unsigned char)value.p[i];
        if (c == '+') {
            int high = value.n - i >= 3 ? hex_digit(value.p[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(value.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c <= ' ' || c > '~')
            return false;
        strbuf_addc(out, (char)c);
    }
    return !out->overflow;
}

static bool take_addr(struct bytes value, struct xclient *x)
{
    struct in6_addr binary;
    struct in_addr four;
    x->unknown = value.n && value.p[0] == '[';
    if (x->unknown)
        return true;
    bool six = bytes_starts_nocase(value, BYTES("IPV6:"));
    AUTO_FREE char *text = bytes_dup(six ? bytes_skip(value, 5) : value);
    if (!six && inet_pton(AF_INET, text, &four) == 1)
        return inet_ntop(AF_INET, &four, x->addr, sizeof x->addr) != NULL;
    return inet_pton(AF_INET6, text, &binary) == 1 && inet_ntop(AF_INET6, &binary, x->addr, sizeof x->addr);
}

static bool skip(struct bytes value, struct xclient *x)
{
    (void)value;
    (void)x;
    return true;
}

static bool take(struct bytes word, struct xclient *x)
{
    static const struct {
        const char *name;
        bool (*take)(struct bytes value, struct xclient *x);
    } rows[] = {{"ADDR", take_addr}, {"HELO", skip},     {"NAME", skip},    {"PORT", skip},
                {"PROTO", skip},     {"DESTADDR", skip}, {"DESTPORT", skip}};
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(SMTP_HELO_MAX);
    struct bytes name = bytes_split(&word, '=');
    if (!word.p || !decode(word, &value))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (bytes_eq_nocase(name, bytes_of(rows[i].name)))
            return rows[i].take(strbuf_bytes(&value), x);
    return false;
}

bool smtp_xclient_allowed(const char *peer)
{
    return smtp_conf->xclient_networks && *smtp_conf->xclient_networks &&
           nets_match_any(smtp_conf->xclient_networks, peer);
}

bool smtp_xclient(struct smtp_session *s, struct bytes text)
{
    struct xclient x = {.unknown = false};
    if (!text.n)
        return false;
    while (text.n) {
        struct bytes word = bytes_split(&text, ' ');
        if (word.n && !take(word, &x))
            return false;
    }
    log_info("remote=%s: speaks for remote=%s", s->peer, *x.addr ? x.addr : "unknown");
    if (*x.addr || x.unknown)
        snprintf(s->peer, sizeof s->peer, "%s", *x.addr ? x.addr : "unknown");
    return true;
}
