/* address_test.c - paths of MAIL and RCPT, good and bad. */
#include "relay/address.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

static struct strbuf out = STRBUF_INIT(ADDRESS_PATH_MAX + 8);

static const char *parse(const char *text, struct bytes *rest)
{
    *rest = bytes_of(text);
    strbuf_clear(&out);
    return address_path(rest, &out);
}

START_TEST(reads_paths_into_one_form)
{
    static const char *const cases[][2] = {
        {"<a@b>", "a@b"},
        {"<>", ""},
        {"<postmaster>", "postmaster"},
        {"<A.b+c@Example.ORG>", "A.b+c@example.org"},
        {"<@x,@y:a@b>", "a@b"},
        {"<\"a b\"@b>", "\"a b\"@b"},
        {"<\"ab\"@b>", "ab@b"},
        {"<\"a\\\"b\"@b>", "\"a\\\"b\"@b"},
        {"<a@[127.0.0.1]>", "a@[127.0.0.1]"},
        {"<a@b.>", "a@b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes rest;
        ck_assert_msg(!parse(cases[i][0], &rest), "%s", cases[i][0]);
        ck_assert_str_eq(out.data, cases[i][1]);
        ck_assert_uint_eq(rest.n, 0);
    }
}
END_TEST

START_TEST(leaves_parameters_behind)
{
    struct bytes rest;
    ck_assert(!parse("<a@b> SIZE=1", &rest));
    ck_assert(bytes_eq(rest, BYTES(" SIZE=1")));
}
END_TEST

START_TEST(refuses_what_could_become_syntax_elsewhere)
{
    static const char *const bad[] = {"",          "a@b",      "<",        "<a",       "<a@",
                                      "<a@>",      "<@>",      "<@b>",     "<a b@c>",  "<a@b c>",
                                      "<a..b@c>",  "<.a@c>",   "<a.@c>",   "<\"\"@c>", "<\"a@c>",
                                      "<\"a\\",    "<a@b@c>",  "<a@-b>",   "<a@b->",   "<a@b..c>",
                                      "<a\x80@c>", "<a@\x80>", "<a;rm@c>", "<a@b;c>",  "<a|b@c>>x"};
    for (size_t i = 0; i + 1 < ARRAY_LEN(bad); i++) {
        struct bytes rest;
        ck_assert_msg(parse(bad[i], &rest) != NULL, "%s", bad[i]);
    }
}
END_TEST

START_TEST(holds_lengths_at_their_limits)
{
    char local[80], path[400];
    struct bytes rest;
    memset(local, 'a', 65);
    local[64] = '\0';
    snprintf(path, sizeof path, "<%s@b>", local);
    ck_assert(!parse(path, &rest));
    local[64] = 'a';
    local[65] = '\0';
    snprintf(path, sizeof path, "<%s@b>", local);
    ck_assert(parse(path, &rest) != NULL);
    char label[80];
    memset(label, 'b', 64);
    label[63] = '\0';
    snprintf(path, sizeof path, "<a@%s>", label);
    ck_assert(!parse(path, &rest));
    label[63] = 'b';
    label[64] = '\0';
    snprintf(path, sizeof path, "<a@%s>", label);
    ck_assert(parse(path, &rest) != NULL);
}
END_TEST

UNIT_MAIN("address", reads_paths_into_one_form, leaves_parameters_behind,
          refuses_what_could_become_syntax_elsewhere, holds_lengths_at_their_limits)
