#include "base/proxy.h"

#include "t/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct proxy_header h;

static enum proxy_result parse(const char *text)
{
    return proxy_parse(bytes_of(text), &h);
}

static const char *who(void)
{
    static char text[INET6_ADDRSTRLEN];
    const struct sockaddr_in6 *six = (const void *)&h.who;
    const struct sockaddr_in *four = (const void *)&h.who;
    inet_ntop(h.who.ss_family, h.who.ss_family == AF_INET ? (const void *)&four->sin_addr : &six->sin6_addr,
              text, sizeof(text));
    return text;
}

START_TEST(reads_version_1)
{
    ck_assert_int_eq(parse("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\r\na LOGIN"), PROXY_DONE);
    ck_assert_uint_eq(h.size, 45);
    ck_assert(h.given && !h.tls);
    ck_assert_str_eq(who(), "192.0.2.7");
    ck_assert_int_eq(parse("PROXY TCP6 2001:db8::7 ::1 1 65535\r\n"), PROXY_DONE);
    ck_assert_str_eq(who(), "2001:db8::7");
    ck_assert_int_eq(parse("PROXY UNKNOWN\r\n"), PROXY_DONE);
    ck_assert(!h.given);
    ck_assert_int_eq(parse("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), PROXY_DONE);
    ck_assert(!h.given);
}
END_TEST

START_TEST(refuses_what_is_no_version_1)
{
    static const char *const bad[] = {
        "a LOGIN",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 143 x\r\n",
        "PROXY TCP4 192.0.2.7  198.51.100.1 56324 143\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 143\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 -1 143\r\n",
        "PROXY TCP4 2001:db8::7 198.51.100.1 1 143\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 1 143\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 1 143\r\n",
        "PROXY \r\n",
        "PROXY\r\n",
        "proxy TCP4 192.0.2.7 198.51.100.1 56324 143\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(parse(bad[i]) == PROXY_BAD, "%s", bad[i]);
    char longest[200];
    memset(longest, ' ', sizeof(longest));
    memcpy(longest, "PROXY UNKNOWN", 13);
    for (size_t n = 0; n < sizeof(longest); n++)
        ck_assert_int_eq(proxy_parse(bytes_from(longest, n), &h), n < 107 ? PROXY_MORE : PROXY_BAD);
}
END_TEST

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IPV4      "\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0\x8f"

static enum proxy_result parse2(const char *rest, size_t n)
{
    char text[4096] = SIGNATURE;
    memcpy(text + 12, rest, n);
    for (size_t i = 0; i < 12 + n; i++)
        if (proxy_parse(bytes_from(text, i), &h) != PROXY_MORE)
            return proxy_parse(bytes_from(text, i), &h);
    return proxy_parse(bytes_from(text, 12 + n), &h);
}
#define PARSE2(lit) parse2(lit, sizeof(lit) - 1)

START_TEST(reads_version_2_with_tls)
{
    ck_assert_int_eq(PARSE2("\x21\x11\0\x0c" IPV4), PROXY_DONE);
    ck_assert(h.given && !h.tls);
    ck_assert_str_eq(who(), "192.0.2.7");
    ck_assert_int_eq(PARSE2("\x21\x11\0\x1e" IPV4 "\x20\0\x0f\1\0\0\0\0\x21\0\7TLSv1.3"), PROXY_DONE);
    ck_assert(h.tls);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x14" IPV4 "\x20\0\5\0\0\0\0\0"), PROXY_DONE);
    ck_assert(!h.tls);
    ck_assert_int_eq(PARSE2("\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
                            "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\2"),
                     PROXY_DONE);
    ck_assert_str_eq(who(), "2001:db8::7");
}
END_TEST

START_TEST(takes_local_and_unspecified_for_the_proxy_itself)
{
    ck_assert_int_eq(PARSE2("\x20\0\0\0"), PROXY_DONE);
    ck_assert(!h.given);
    ck_assert_int_eq(PARSE2("\x20\x11\0\x0c" IPV4), PROXY_DONE);
    ck_assert(!h.given);
    ck_assert_int_eq(PARSE2("\x21\0\0\3xyz"), PROXY_DONE);
    ck_assert(!h.given);
}
END_TEST

START_TEST(refuses_what_is_no_version_2)
{
    ck_assert_int_eq(PARSE2("\x11\x11\0\x0c" IPV4), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x22\x11\0\x0c" IPV4), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x12\0\x0c" IPV4), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x0b\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0"), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\xff\xff"), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x0d" IPV4 "x"), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x10" IPV4 "\4\0\2x"), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x13" IPV4 "\x20\0\4\1\0\0\0"), PROXY_BAD);
    ck_assert_int_eq(PARSE2("\x21\x11\0\x13" IPV4 "\3\0\4\1\2\3\4"), PROXY_BAD);
}
END_TEST

UNIT_MAIN("proxy", reads_version_1, refuses_what_is_no_version_1, reads_version_2_with_tls,
          takes_local_and_unspecified_for_the_proxy_itself, refuses_what_is_no_version_2)
