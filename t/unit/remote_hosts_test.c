/* remote_hosts_test.c - which hosts are tried for a domain, and what is said when there is none. */
#include "relay/remote_hosts.h"

#include "t/unit/unit.h"

#include <string.h>

static unsigned dice; /* what they show */

static unsigned rigged(unsigned n)
{
    return dice % n;
}

#define MX(p, name)                                                                                          \
    {                                                                                                        \
        .preference = (p), .data = BYTES(name)                                                               \
    }

static struct mail_hosts ask(struct dns_record *records, size_t n, struct dns_question mx)
{
    struct mail_hosts list;
    mx.name = "example.org";
    mx.records = records;
    mx.n = n;
    mx.why = (char *)"no answer within 10 s";
    hosts_from_mx(&list, &mx, "own.example", rigged);
    return list;
}

static void expect(struct mail_hosts list, const char *names)
{
    char got[1000] = "";
    for (size_t i = 0; i < list.n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", list.hosts[i].name);
    ck_assert_int_eq(list.code, 0);
    ck_assert_str_eq(got, names);
    hosts_done(&list);
}

static void refused(struct mail_hosts list, int code, const char *status)
{
    ck_assert_int_eq(list.code, code);
    ck_assert_msg(!strncmp(list.text, status, strlen(status)), "%s", list.text);
    ck_assert_ptr_nonnull(strstr(list.text, "example.org"));
    ck_assert_uint_eq(list.n, 0);
}

START_TEST(goes_by_preference_and_mixes_equals)
{
    struct dns_record records[] = {MX(20, "c"), MX(10, "a"), MX(10, "b"), MX(5, "first")};
    dice = 0;
    expect(ask(records, 4, (struct dns_question){.status = DNS_INSECURE}), "first b a c");
    dice = 1;
    expect(ask(records, 4, (struct dns_question){.status = DNS_INSECURE}), "first a b c");
}
END_TEST

START_TEST(tries_the_domain_itself_without_mx)
{
    expect(ask(NULL, 0, (struct dns_question){.status = DNS_INSECURE}), "example.org");
    struct mail_hosts list = ask(NULL, 0, (struct dns_question){.status = DNS_ABSENT});
    ck_assert(list.secure);
    expect(list, "example.org");
}
END_TEST

START_TEST(knows_what_dnssec_vouches_for)
{
    struct dns_record records[] = {MX(1, "a")};
    struct mail_hosts list = ask(records, 1, (struct dns_question){.status = DNS_SECURE});
    ck_assert(list.secure);
    hosts_done(&list);
    list = ask(records, 1, (struct dns_question){.status = DNS_INSECURE});
    ck_assert(!list.secure);
    hosts_done(&list);
}
END_TEST

START_TEST(bounces_what_cannot_be_and_lets_the_rest_wait)
{
    struct dns_record null_mx[] = {MX(0, "")},
                      bad[] = {MX(1, "192.0.2.1"), MX(2, "2001:db8::1"), MX(3, "a\0b")};
    refused(ask(null_mx, 1, (struct dns_question){.status = DNS_INSECURE}), 556, "5.1.10 ");
    refused(ask(NULL, 0, (struct dns_question){.status = DNS_ABSENT, .no_such_name = true}), 550, "5.1.2 ");
    refused(ask(bad, 3, (struct dns_question){.status = DNS_INSECURE}), 550, "5.4.4 ");
    refused(ask(NULL, 0, (struct dns_question){.status = DNS_TEMPORARY}), 451, "4.4.3 ");
    refused(ask(null_mx, 1, (struct dns_question){.status = DNS_BOGUS}), 451, "4.4.3 ");
}
END_TEST

START_TEST(is_cut_at_the_own_host)
{
    struct dns_record records[] = {MX(10, "near"), MX(20, "level"), MX(20, "OWN.example"), MX(30, "far")};
    dice = 1;
    expect(ask(records, 4, (struct dns_question){.status = DNS_INSECURE}), "near");
    struct dns_record best[] = {MX(10, "own.example"), MX(20, "far")};
    refused(ask(best, 2, (struct dns_question){.status = DNS_INSECURE}), 554, "5.4.6 ");
}
END_TEST

START_TEST(tries_so_many_and_no_more)
{
    struct dns_record records[DNS_RECORDS_MAX];
    dice = 0;
    for (unsigned i = 0; i < DNS_RECORDS_MAX; i++)
        records[i] = (struct dns_record)MX(i, "host");
    struct mail_hosts list = ask(records, DNS_RECORDS_MAX, (struct dns_question){.status = DNS_INSECURE});
    ck_assert_uint_eq(list.n, HOSTS_MAX);
    ck_assert_uint_eq(list.hosts[HOSTS_MAX - 1].preference, HOSTS_MAX - 1);
    hosts_done(&list);
}
END_TEST

UNIT_MAIN("remote_hosts", goes_by_preference_and_mixes_equals, tries_the_domain_itself_without_mx,
          knows_what_dnssec_vouches_for, bounces_what_cannot_be_and_lets_the_rest_wait,
          is_cut_at_the_own_host, tries_so_many_and_no_more)
