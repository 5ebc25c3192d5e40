#include "auth/auth.h"
#include "auth/auth_name.h"

#include "t/unit/unit.h"

START_TEST(takes_names_that_people_have)
{
    static const char *const good[] = {"anna",    "anna.b",   "a",   "anna@example.org", "first+tag",
                                       "o'neill", "DOM_user", "u-1", "machine$"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(auth_name_ok(bytes_of(good[i])), "%s", good[i]);
}
END_TEST

START_TEST(refuses_names_that_could_be_syntax_elsewhere)
{
    static const char *const bad[] = {"",     "-anna",    ".anna", "..",  "a/b", "../a",  "a b",
                                      "a\tb", "a\nb",     "a:b",   "a@",  "@a",  "a@b@c", "a@-b",
                                      "a@.b", "a\\b",     "a\"b",  "a%b", "a*b", "a`b",   "a;b",
                                      "a|b",  "\xc3\xa4", "a\x7f", "a,b", "a(b)"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!auth_name_ok(bytes_of(bad[i])), "%s", bad[i]);
    ck_assert(!auth_name_ok(BYTES("an\0na")));
}
END_TEST

START_TEST(caps_the_length)
{
    static char name[AUTH_NAME_MAX + 1];
    memset(name, 'a', sizeof(name));
    ck_assert(auth_name_ok(bytes_from(name, AUTH_NAME_MAX)));
    ck_assert(!auth_name_ok(bytes_from(name, AUTH_NAME_MAX + 1)));
}
END_TEST

START_TEST(splits_at_the_at)
{
    ck_assert(bytes_eq(auth_name_local(BYTES("a@b")), BYTES("a")));
    ck_assert(bytes_eq(auth_name_domain(BYTES("a@b")), BYTES("b")));
    ck_assert(bytes_eq(auth_name_local(BYTES("ab")), BYTES("ab")));
    ck_assert(auth_name_domain(BYTES("ab")).n == 0);
}
END_TEST

UNIT_MAIN("auth_name", takes_names_that_people_have, refuses_names_that_could_be_syntax_elsewhere,
          caps_the_length, splits_at_the_at)
