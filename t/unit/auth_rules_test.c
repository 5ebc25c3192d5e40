#include "auth/auth_rules.h"

#include "t/unit/unit.h"

static const struct account_rules rules = {
    .first_uid = 500, .only_uid = (uid_t)-1, .default_mail = "~/Maildir"};

static const char *refused(uid_t uid, gid_t gid)
{
    char mail[] = "/m";
    struct account a = {.uid = uid, .gid = gid, .mail = mail};
    return account_refused(&a, &rules);
}

START_TEST(never_serves_root_or_system_uids)
{
    ck_assert_ptr_nonnull(refused(0, 100));
    ck_assert_ptr_nonnull(refused(1000, 0));
    ck_assert_ptr_nonnull(refused(499, 500));
    ck_assert_ptr_nonnull(refused((uid_t)-1, 500));
    ck_assert_ptr_null(refused(500, 100));
}
END_TEST

START_TEST(serves_only_the_own_uid_when_unprivileged)
{
    struct account_rules own = rules;
    char mail[] = "/m";
    struct account a = {.uid = 1000, .gid = 1000, .mail = mail};
    own.only_uid = 1001;
    ck_assert_ptr_nonnull(account_refused(&a, &own));
    own.only_uid = 1000;
    ck_assert_ptr_null(account_refused(&a, &own));
}
END_TEST

/* The Maildir of anna@example.org with home /h, or NULL. */
static const char *mail_of(const char *location)
{
    static char result[256];
    char name[] = "anna@example.org", home[] = "/h";
    struct account a = {.name = name, .home = home};
    struct err e;
    if (account_set_mail(&a, location, &e) != 0)
        return NULL;
    snprintf(result, sizeof(result), "%s", a.mail);
    free(a.mail);
    return result;
}

START_TEST(understands_mail_locations)
{
    ck_assert_str_eq(mail_of("~/Maildir"), "/h/Maildir");
    ck_assert_str_eq(mail_of("maildir:~/Maildir/"), "/h/Maildir");
    ck_assert_str_eq(mail_of("maildir:/v/%d/%n/x:INDEX=/var/i/%u"), "/v/example.org/anna/x");
    ck_assert_str_eq(mail_of("%h/%u"), "/h/anna@example.org");
    ck_assert_str_eq(mail_of("/a%%b"), "/a%b");
    ck_assert_str_eq(mail_of("~"), "/h");
}
END_TEST

START_TEST(refuses_mail_locations_that_mean_something_else)
{
    static const char *const bad[] = {
        "",       "/",    "Maildir",    "~other/Maildir", "maildir:/m:CONTROL=/c", "maildir:/m:LAYOUT=fs",
        "/m/%Lu", "/m/%", "mbox:~/mail"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(mail_of(bad[i]) == NULL, "%s", bad[i]);
}
END_TEST

START_TEST(needs_a_home_for_a_tilde)
{
    char name[] = "anna";
    struct account a = {.name = name};
    struct err e;
    ck_assert_int_eq(account_set_mail(&a, "~/Maildir", &e), -1);
    ck_assert_int_eq(account_set_mail(&a, "/m/%h", &e), -1);
}
END_TEST

START_TEST(matches_networks)
{
    struct bytes list = BYTES("10.0.0.0/8,192.0.2.1,2001:db8::/33,::1");
    ck_assert(nets_ok(list));
    ck_assert(nets_match(list, "10.255.0.1") && nets_match(list, "192.0.2.1") &&
              nets_match(list, "2001:db8:7fff::1"));
    ck_assert(nets_match(list, "::ffff:10.1.1.1") && nets_match(list, "::1"));
    ck_assert(!nets_match(list, "11.0.0.1") && !nets_match(list, "192.0.2.2") &&
              !nets_match(list, "2001:db8:8000::1"));
    ck_assert(!nets_match(list, "") && !nets_match(list, "::2"));
    ck_assert(nets_match(BYTES("0.0.0.0/0"), "8.8.8.8") && !nets_match(BYTES("0.0.0.0/0"), "2001:db8::1"));
}
END_TEST

START_TEST(refuses_malformed_networks)
{
    static const char *const bad[] = {"",       "10.0.0.0/33", "10.0.0/8",   "x", "10.0.0.0/8,",
                                      "::/129", "10.0.0.0/",   "10.0.0.0/-1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!nets_ok(bytes_of(bad[i])), "%s", bad[i]);
}
END_TEST

UNIT_MAIN("auth_rules", never_serves_root_or_system_uids, serves_only_the_own_uid_when_unprivileged,
          understands_mail_locations, refuses_mail_locations_that_mean_something_else,
          needs_a_home_for_a_tilde, matches_networks, refuses_malformed_networks)
