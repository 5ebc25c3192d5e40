/*
 * pop3_uidl_test.c - formats of UIDL in Dovecot's spelling.
 */
#include "access/pop3_uidl.h"
#include "base/cleanup.h"
#include "t/unit/unit.h"

static const struct pop3_uidl letter = {.uid = 10,
                                        .validity = 0x5f5e1000,
                                        .file = BYTES_OF("1700000000.M1P2.host"),
                                        .guid = BYTES_OF("0123456789abcdef")};

START_TEST(each_item_says_what_it_stands_for)
{
    static const struct {
        const char *format, *uidl;
    } cases[] = {
        {"%08Xu%08Xv", "0000000a5f5e1000"},
        {"UID%u-%v", "UID10-1600000000"},
        {"%v.%u", "1600000000.10"},
        {"%f", "1700000000.M1P2.host"},
        {"%g", "0123456789abcdef"},
        {"%Xu", "a"},
        {"100%%-%u", "100%-10"},
        {"%04u", "0010"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e;
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(200);
        ck_assert_msg(!pop3_uidl_check(cases[i].format, &e), "%s: %s", cases[i].format, e.text);
        pop3_uidl_write(cases[i].format, &letter, &out);
        ck_assert_str_eq(out.data, cases[i].uidl);
    }
}
END_TEST

START_TEST(a_format_that_does_not_tell_messages_apart_or_cannot_be_read_is_refused)
{
    static const char *const bad[] = {"",    "%v",  "same",  "%",   "%q",   "%08", "%99u",
                                      "%Xf", "%5g", "%u %v", "%%u", "%u\t", "%5"};
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(pop3_uidl_check(bad[i], &e) && e.code == ERR_INVALID, "%s", bad[i]);
}
END_TEST

START_TEST(a_result_that_is_no_uidl_gives_way_to_the_default)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(200);
    struct pop3_uidl odd = letter;
    odd.file = BYTES("a name with blanks");
    pop3_uidl_write("%f", &odd, &out);
    ck_assert_str_eq(out.data, "0000000a5f5e1000");
    strbuf_clear(&out);
    odd.file = BYTES("1234567890123456789012345678901234567890123456789012345678901234567890x");
    pop3_uidl_write("%f", &odd, &out);
    ck_assert_str_eq(out.data, "0000000a5f5e1000");
}
END_TEST

UNIT_MAIN("pop3_uidl", each_item_says_what_it_stands_for,
          a_format_that_does_not_tell_messages_apart_or_cannot_be_read_is_refused,
          a_result_that_is_no_uidl_gives_way_to_the_default)
