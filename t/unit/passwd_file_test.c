#include "auth/passwd_file.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

#define SHA512                                                                                               \
    "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"

static const struct passwd_options options = {
    .rules = {.first_uid = 500, .only_uid = (uid_t)-1, .default_mail = "~/Maildir"}, .plain_ok = true};

static char complaint[512];
static size_t complaints, complaint_line;

static void note(void *arg, size_t line, const char *text)
{
    (void)arg;
    complaints++;
    complaint_line = line;
    snprintf(complaint, sizeof(complaint), "%s", text);
}

static struct passwd_file *parse(const char *text)
{
    complaints = complaint_line = 0;
    complaint[0] = '\0';
    return passwd_file_parse(bytes_of(text), &options, note, NULL);
}

/* The one entry of a line, until the next call; NULL if it was skipped. */
static const struct passwd_entry *entry_of(const char *line)
{
    static struct passwd_file *file;
    passwd_file_free(file);
    file = parse(line);
    return file->count ? &file->entries[0] : NULL;
}

START_TEST(reads_what_dovecot_users_have)
{
    const struct passwd_entry *e = entry_of("anna@example.org:{SHA512-CRYPT}" SHA512
                                            ":1000:100:Anna:/home/anna:/bin/sh:userdb_mail=maildir:~/Mail "
                                            "userdb_quota_rule=*:storage=1G allow_nets=10.0.0.0/8");
    ck_assert_uint_eq(complaints, 0);
    ck_assert_str_eq(e->account.name, "anna@example.org");
    ck_assert_uint_eq(e->account.uid, 1000);
    ck_assert_uint_eq(e->account.gid, 100);
    ck_assert_str_eq(e->account.home, "/home/anna");
    ck_assert_str_eq(e->account.mail, "/home/anna/Mail");
    ck_assert_int_eq(e->account.quota_bytes, INT64_C(1) << 30);
    ck_assert_int_eq(e->kind, PASSWD_CRYPT);
    ck_assert_str_eq(e->secret, SHA512);
    ck_assert_str_eq(e->allow_nets, "10.0.0.0/8");
}
END_TEST

START_TEST(takes_short_lines_comments_and_crlf)
{
    struct passwd_file *f =
        parse("# people\n\nanna:" SHA512 ":1000:100::/home/anna\r\nbert:*:1001:100::/home/bert:\n");
    ck_assert_uint_eq(complaints, 0);
    ck_assert_uint_eq(f->count, 2);
    ck_assert_int_eq(passwd_file_find(f, BYTES("anna"))->kind, PASSWD_CRYPT);
    ck_assert_int_eq(passwd_file_find(f, BYTES("bert"))->kind, PASSWD_NONE);
    ck_assert_str_eq(passwd_file_find_uid(f, 1001)->account.name, "bert");
    ck_assert_ptr_null(passwd_file_find_uid(f, 1002));
    passwd_file_free(f);
}
END_TEST

START_TEST(names_the_line_of_each_complaint_and_serves_the_rest)
{
    static const char *const bad[] = {
        "x",
        "x:y",
        ":{PLAIN}p:1000:100::/h",
        "a/b:{PLAIN}p:1000:100::/h",
        "-x:{PLAIN}p:1000:100::/h",
        "x:{PLAIN}p:0:100::/h",
        "x:{PLAIN}p:1000:0::/h",
        "x:{PLAIN}p:10:100::/h",
        "x:{PLAIN}p:a:100::/h",
        "x:{PLAIN}p:4294967295:100::/h",
        "x:{PLAIN}p:4294968296:100::/h",
        "x:{PLAIN}p:1000:100::home",
        "x:{PLAIN}p:1000:100::",
        "x:{PLAIN}p:1000:100::/h::proxy=y host=1.2.3.4",
        "x:{PLAIN}p:1000:100::/h::nopassword",
        "x:{PLAIN}p:1000:100::/h::userdb_mail=mbox:~/mail",
        "x:{PLAIN}p:1000:100::/h::allow_nets=lan",
        "x:{PLAIN}p:1000:100::/h::userdb_quota_storage_size=9999999999G",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "# first\n%s\nanna:{PLAIN}p:1000:100::/h\n", bad[i]);
        struct passwd_file *f = parse(text);
        ck_assert_msg(complaints == 1 && complaint_line == 2, "%s: %zu %zu %s", bad[i], complaints,
                      complaint_line, complaint);
        ck_assert_msg(f->count == 1, "%s", bad[i]);
        passwd_file_free(f);
    }
}
END_TEST

START_TEST(keeps_the_mail_of_accounts_whose_hash_it_refuses)
{
    static const char *const bad[] = {
        "abJnggxhB/yWI",  "{CRYPT}abJnggxhB/yWI", "{CRYPT}$1$abcdefgh$irWbblnpmw.5z7wgBnprh0",
        "{MD5}xxxx",      "{SHA512-CRYPT}$5$x$y", "{BLF-CRYPT}$2x$05$x",
        "{SSHA.b64}xxxx", "{CRYPT}$6$",           "{PLAIN}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "anna:%s:1000:100::/h", bad[i]);
        const struct passwd_entry *e = entry_of(text);
        ck_assert_msg(e && e->kind == PASSWD_NONE && !e->secret, "%s", bad[i]);
        ck_assert_msg(complaints == 1 && strstr(complaint, "anna"), "%s: %s", bad[i], complaint);
    }
}
END_TEST

START_TEST(is_silent_about_locked_passwords)
{
    static const char *const locked[] = {"", "x", "*", "!", "!!", "!$6$abc", "{CRYPT}!", "{CRYPT}*"};
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "anna:%s:1000:100::/h", locked[i]);
        const struct passwd_entry *e = entry_of(text);
        ck_assert_msg(e && e->kind == PASSWD_NONE && complaints == 0, "%s: %s", locked[i], complaint);
    }
}
END_TEST

START_TEST(believes_plain_passwords_only_in_closed_files)
{
    struct passwd_entry e = {.account.name = (char *)"anna"};
    struct err why;
    ck_assert_int_eq(passwd_secret_parse(BYTES("{PLAIN}p"), false, &e, &why), 1);
    ck_assert_int_eq(e.kind, PASSWD_NONE);
    ck_assert_int_eq(passwd_secret_parse(BYTES("{plain}p}q"), true, &e, &why), 0);
    ck_assert_str_eq(e.secret, "p}q");
    free(e.secret);
}
END_TEST

START_TEST(lets_the_first_of_two_equal_names_count)
{
    struct passwd_file *f =
        parse("a:{PLAIN}1:1000:100::/h\nb:{PLAIN}2:1000:100::/h\na:{PLAIN}3:1000:100::/h\n");
    ck_assert_uint_eq(f->count, 2);
    ck_assert_uint_eq(complaints, 1);
    ck_assert_uint_eq(complaint_line, 3);
    ck_assert_str_eq(passwd_file_find(f, BYTES("a"))->secret, "1");
    passwd_file_free(f);
}
END_TEST

START_TEST(finds_names_in_any_case_but_exactly_first)
{
    struct passwd_file *f =
        parse("anna:{PLAIN}1:1000:100::/h\nBert:{PLAIN}2:1000:100::/h\nbert:{PLAIN}3:1000:100::/h\n");
    ck_assert_str_eq(passwd_file_find(f, BYTES("ANNA"))->secret, "1");
    ck_assert_str_eq(passwd_file_find(f, BYTES("Bert"))->secret, "2");
    ck_assert_str_eq(passwd_file_find(f, BYTES("BERT"))->secret, "3");
    ck_assert_ptr_null(passwd_file_find(f, BYTES("")));
    ck_assert_ptr_null(passwd_file_find(f, BYTES("anna\0")));
    ck_assert_ptr_null(passwd_file_find(f, BYTES("ann")));
    passwd_file_free(f);
}
END_TEST

START_TEST(reads_quotas_in_both_spellings)
{
    const struct passwd_entry *e = entry_of("a:x:1000:100::/h::userdb_quota_rule=*:bytes=500M:messages=1000");
    ck_assert_int_eq(e->account.quota_bytes, INT64_C(500) << 20);
    ck_assert_int_eq(e->account.quota_messages, 1000);
    e = entry_of("a:x:1000:100::/h::quota_rule=*:bytes=7:messages=8");
    ck_assert(e->account.quota_bytes == 7 && e->account.quota_messages == 8);
    e = entry_of("a:x:1000:100::/h::userdb_quota_rule=*:storage=1024");
    ck_assert_int_eq(e->account.quota_bytes, 1024 * 1024);
    e = entry_of("a:x:1000:100::/h::userdb_quota_storage_size=2G userdb_quota_message_count=5");
    ck_assert_int_eq(e->account.quota_bytes, INT64_C(2) << 30);
    ck_assert_int_eq(e->account.quota_messages, 5);
    e = entry_of("a:x:1000:100::/h::userdb_quota_rule=Trash:storage=+10%");
    ck_assert_uint_eq(complaints, 1);
    ck_assert_int_eq(e->account.quota_bytes, 0);
}
END_TEST

START_TEST(says_which_extra_field_it_ignores)
{
    const struct passwd_entry *e = entry_of("a:x:1000:100::/h::k1=v nologin");
    ck_assert_ptr_nonnull(e);
    ck_assert(e->nologin);
    ck_assert_ptr_nonnull(strstr(complaint, "k1"));
}
END_TEST

START_TEST(takes_an_empty_text)
{
    struct passwd_file *f = parse("");
    ck_assert_uint_eq(f->count, 0);
    ck_assert_ptr_null(passwd_file_find(f, BYTES("a")));
    passwd_file_free(f);
}
END_TEST

UNIT_MAIN("passwd_file", reads_what_dovecot_users_have, takes_short_lines_comments_and_crlf,
          names_the_line_of_each_complaint_and_serves_the_rest,
          keeps_the_mail_of_accounts_whose_hash_it_refuses, is_silent_about_locked_passwords,
          believes_plain_passwords_only_in_closed_files, lets_the_first_of_two_equal_names_count,
          finds_names_in_any_case_but_exactly_first, reads_quotas_in_both_spellings,
          says_which_extra_field_it_ignores, takes_an_empty_text)
