/* passwd_edit_test.c - one line of a passwd-file changes, every other byte stays. */
#include "auth/passwd_edit.h"
#include "auth/passwd_path.h"
#include "t/unit/unit.h"

#include <stdlib.h>

static const char file[] =
    "# anna:comment\nanna:{CRYPT}x:1:1::/home/anna::\r\nben:!:2:2::/b\nannabel:y:3:3::/c::a=1 b b=2";

static void expect(struct strbuf *out, const char *wanted)
{
    ck_assert_str_eq(out->data, wanted);
    strbuf_done(out);
}

START_TEST(finds_whole_names_only)
{
    struct bytes text = bytes_of(file);
    ck_assert(bytes_eq(passwd_edit_find(text, BYTES("anna")), BYTES("anna:{CRYPT}x:1:1::/home/anna::")));
    ck_assert(bytes_eq(passwd_edit_find(text, BYTES("ben")), BYTES("ben:!:2:2::/b")));
    ck_assert_ptr_null(passwd_edit_find(text, BYTES("ann")).p);
    ck_assert_ptr_null(passwd_edit_find(text, BYTES("")).p);
    ck_assert_ptr_null(passwd_edit_find(BYTES(""), BYTES("anna")).p);
}
END_TEST

START_TEST(replaces_appends_and_removes)
{
    struct strbuf out = STRBUF_INIT(1000);
    struct bytes text = BYTES("a:1\nb:2\nc:3");
    passwd_edit_replace(&out, text, passwd_edit_find(text, BYTES("b")), BYTES("b:22"));
    expect(&out, "a:1\nb:22\nc:3");
    passwd_edit_replace(&out, text, passwd_edit_find(text, BYTES("b")), (struct bytes){0});
    expect(&out, "a:1\nc:3");
    passwd_edit_replace(&out, text, passwd_edit_find(text, BYTES("c")), (struct bytes){0});
    expect(&out, "a:1\nb:2\n");
    passwd_edit_append(&out, text, BYTES("d:4"));
    expect(&out, "a:1\nb:2\nc:3\nd:4\n");
    passwd_edit_append(&out, BYTES(""), BYTES("d:4"));
    expect(&out, "d:4\n");
}
END_TEST

START_TEST(changes_one_field)
{
    struct strbuf out = STRBUF_INIT(1000);
    passwd_edit_password(&out, BYTES("ben:!:2:2::/b"), BYTES("{CRYPT}z"));
    expect(&out, "ben:{CRYPT}z:2:2::/b");
    passwd_edit_password(&out, BYTES("ben"), BYTES("z"));
    expect(&out, "ben:z");
    passwd_edit_extra(&out, BYTES("ben:!:2:2::/b"), "nologin", "");
    expect(&out, "ben:!:2:2::/b::nologin");
    passwd_edit_extra(&out, BYTES("a:y:3:3::/c::a=1 b b=2:3  c"), "b", NULL);
    expect(&out, "a:y:3:3::/c::a=1 c");
    passwd_edit_extra(&out, BYTES("a:y:3:3::/c::a=1 nologin"), "a", "5");
    expect(&out, "a:y:3:3::/c::nologin a=5");
}
END_TEST

START_TEST(a_file_for_each_domain)
{
    struct err e;
    char *path = passwd_path_of("/etc/mail/%d/users", BYTES("anna@example.org"));
    ck_assert_str_eq(path, "/etc/mail/example.org/users");
    free(path);
    ck_assert_ptr_null(passwd_path_of("/etc/mail/%d/users", BYTES("anna")));
    ck_assert_ptr_null(passwd_path_of("/etc/mail/%d/users", BYTES("anna@..")));
    ck_assert_int_eq(passwd_path_check("/etc/%d/users", &e), 0);
    ck_assert_int_eq(passwd_path_check("/etc/%d/%d", &e), -1);
    ck_assert_int_eq(passwd_path_check("/etc/%u", &e), -1);
    ck_assert_int_eq(passwd_path_check("/etc/*/%d", &e), -1);
    ck_assert_int_eq(passwd_path_check("etc", &e), -1);
}
END_TEST

UNIT_MAIN("passwd_edit", finds_whole_names_only, replaces_appends_and_removes, changes_one_field,
          a_file_for_each_domain)
