#include "auth/auth_ticket.h"

#include "t/unit/unit.h"

static unsigned char counter;

static void make(struct ticket_table *t, const char *service, uint64_t now, char text[AUTH_TICKET_LEN + 1])
{
    char name[] = "anna", home[] = "/h", mail[] = "/h/Maildir";
    struct account a = {.name = name, .uid = 1000, .gid = 1000, .home = home, .mail = mail};
    unsigned char random[TICKET_RANDOM] = {++counter, 1, 2, 3};
    ck_assert(ticket_issue(t, random, service, &a, now, text));
}

static bool redeem(struct ticket_table *t, const char *text, const char *service, uint64_t now)
{
    struct account a;
    bool good = ticket_redeem(t, bytes_of(text), bytes_of(service), now, &a);
    if (good)
        ck_assert_str_eq(a.mail, "/h/Maildir");
    account_done(&a);
    return good;
}

START_TEST(gives_the_account_once)
{
    struct ticket_table *t = ticket_table_new();
    char text[AUTH_TICKET_LEN + 1];
    make(t, "imap", 1000, text);
    ck_assert_uint_eq(strlen(text), AUTH_TICKET_LEN);
    ck_assert(redeem(t, text, "imap", 1001));
    ck_assert(!redeem(t, text, "imap", 1002));
    ticket_table_free(t);
}
END_TEST

START_TEST(is_void_after_being_shown_for_another_service)
{
    struct ticket_table *t = ticket_table_new();
    char text[AUTH_TICKET_LEN + 1];
    make(t, "smtp", 0, text);
    ck_assert(!redeem(t, text, "imap", 1));
    ck_assert(!redeem(t, text, "smtp", 1));
    ticket_table_free(t);
}
END_TEST

START_TEST(lives_twenty_seconds)
{
    struct ticket_table *t = ticket_table_new();
    char early[AUTH_TICKET_LEN + 1], late[AUTH_TICKET_LEN + 1];
    make(t, "imap", 1000, early);
    make(t, "imap", 1000, late);
    ck_assert(redeem(t, early, "imap", 1000 + TICKET_LIFE_MS - 1));
    ck_assert(!redeem(t, late, "imap", 1000 + TICKET_LIFE_MS));
    ticket_table_free(t);
}
END_TEST

START_TEST(refuses_what_is_no_ticket)
{
    static const char *const not_tickets[] = {"", "00", "000000000000000000000000000000000000",
                                              "zz0000000000000000000000000000000000",
                                              "ffff00000000000000000000000000000000"};
    struct ticket_table *t = ticket_table_new();
    for (size_t i = 0; i < sizeof(not_tickets) / sizeof(not_tickets[0]); i++)
        ck_assert(!redeem(t, not_tickets[i], "imap", 0));
    ticket_table_free(t);
}
END_TEST

START_TEST(says_when_the_table_is_full_and_takes_expired_places)
{
    struct ticket_table *t = ticket_table_new();
    struct account a = {0};
    unsigned char random[TICKET_RANDOM] = {0};
    char text[AUTH_TICKET_LEN + 1];
    for (int i = 0; i < TICKETS_MAX; i++)
        ck_assert(ticket_issue(t, random, "imap", &a, 0, text));
    ck_assert(!ticket_issue(t, random, "imap", &a, 0, text));
    ck_assert(ticket_issue(t, random, "imap", &a, TICKET_LIFE_MS, text));
    ticket_table_free(t);
}
END_TEST

UNIT_MAIN("auth_ticket", gives_the_account_once, is_void_after_being_shown_for_another_service,
          lives_twenty_seconds, refuses_what_is_no_ticket,
          says_when_the_table_is_full_and_takes_expired_places)
