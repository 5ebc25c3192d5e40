#include "auth/site_conf.h"

#include "t/unit/unit.h"

static const struct site_conf loopback = {.plaintext_login = PLAINTEXT_LOOPBACK};
static const struct site_conf never = {.plaintext_login = PLAINTEXT_NEVER};

START_TEST(allows_clear_passwords_from_loopback_addresses)
{
    const char *yes[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        ck_assert_msg(site_plaintext_allowed(&loopback, yes[i]), "%s", yes[i]);
}
END_TEST

START_TEST(allows_no_clear_passwords_from_elsewhere)
{
    const char *no[] = {"128.0.0.1", "10.0.0.1",  "::2",   "::ffff:10.0.0.1",
                        "",          "localhost", "127.1", "fe80::1"};
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        ck_assert_msg(!site_plaintext_allowed(&loopback, no[i]), "%s", no[i]);
}
END_TEST

START_TEST(never_means_loopback_too)
{
    ck_assert(!site_plaintext_allowed(&never, "127.0.0.1"));
}
END_TEST

START_TEST(fills_in_a_host_name)
{
    struct site_conf site = {0};
    site_conf_complete(&site);
    ck_assert_ptr_nonnull(site.hostname);
    ck_assert_int_ne(site.hostname[0], '\0');
    free(site.hostname);
}
END_TEST

UNIT_MAIN("site_conf", allows_clear_passwords_from_loopback_addresses,
          allows_no_clear_passwords_from_elsewhere, never_means_loopback_too, fills_in_a_host_name)
