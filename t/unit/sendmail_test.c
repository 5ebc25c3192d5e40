/* sendmail_test.c - addresses out of headers, headers made whole, line ends and the lone dot. */
#include "relay/sendmail_header.h"
#include "relay/sendmail_input.h"

#include "t/unit/unit.h"

static void holds(const char *text, const char *wanted)
{
    struct addresses list = {.n = 0};
    AUTO_STRBUF struct strbuf got = STRBUF_INIT(4096);
    ck_assert(addresses_add(&list, bytes_of(text)));
    for (size_t i = 0; i < list.n; i++)
        strbuf_addf(&got, "%s%s", i ? "|" : "", list.items[i]);
    addresses_done(&list);
    ck_assert_str_eq(got.data, wanted);
}

START_TEST(finds_every_address)
{
    holds("a@b", "a@b");
    holds(" root ,\n\tben", "root|ben");
    holds("\"Doe, John\" <john@x>, Jane (a, <b>) Roe <jane@y>", "john@x|jane@y");
    holds("friends: a@x, \"b:c\" <b@y>;, c@z", "a@x|b@y|c@z");
    holds("undisclosed-recipients:;", "");
    holds("", "");
    holds(",,", "");
    holds("a@[IPv6:::1]", "a@[IPv6:::1]");
}
END_TEST

START_TEST(keeps_quotes_and_options_as_data)
{
    holds("\"a b\"@x", "\"a b\"@x");
    holds("\"a\\\"b,c\"@x", "\"a\\\"b,c\"@x");
    holds("-Xfile@x", "-Xfile@x");
    holds("<unclosed@x", "unclosed@x");
    holds("\"unclosed, a@b", "\"unclosed, a@b");
}
END_TEST

static const struct header_fill fill = {NULL, "me@host", "DATE", "<ID>"};

static void becomes(struct bytes in, const char *wanted, const char *recipients, size_t body)
{
    struct addresses list = {.n = 0};
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1 << 16), got = STRBUF_INIT(4096);
    ssize_t n = header_rewrite(in, &fill, recipients ? &list : NULL, &out);
    for (size_t i = 0; i < list.n; i++)
        strbuf_addf(&got, "%s%s", i ? "|" : "", list.items[i]);
    addresses_done(&list);
    ck_assert_str_eq(out.data, wanted);
    ck_assert_int_eq(n, (ssize_t)(in.n - body));
    ck_assert_str_eq(got.data, recipients ? recipients : "");
}

START_TEST(takes_recipients_and_removes_bcc)
{
    becomes(BYTES("From: x\nDate: y\nMessage-Id: z\nTo: a@b\nbcc: c@d,\n e@f\nReturn-Path: <q>\n\nbody"),
            "From: x\nDate: y\nMessage-Id: z\nTo: a@b\n\n", "a@b|c@d|e@f", 4);
}
END_TEST

START_TEST(takes_resent_recipients_alone)
{
    becomes(BYTES("From: x\nDate: y\nMessage-Id: z\nTo: a@b\nResent-To: c@d\nResent-Bcc: e@f\n\n"),
            "From: x\nDate: y\nMessage-Id: z\nTo: a@b\nResent-To: c@d\n\n", "c@d|e@f", 0);
}
END_TEST

START_TEST(adds_what_is_missing)
{
    becomes(BYTES("Subject: x\n\nbody"), "From: me@host\nDate: DATE\nMessage-ID: <ID>\nSubject: x\n\n", NULL,
            4);
    becomes(BYTES("From me Mon\nSubject: x\n\n"),
            "From: me@host\nDate: DATE\nMessage-ID: <ID>\nSubject: x\n\n", NULL, 0);
}
END_TEST

START_TEST(treats_text_without_a_header_as_the_body)
{
    becomes(BYTES("hello\nTo: nobody\n"), "From: me@host\nDate: DATE\nMessage-ID: <ID>\n\n", "", 17);
    becomes(BYTES(""), "From: me@host\nDate: DATE\nMessage-ID: <ID>\n\n", "", 0);
}
END_TEST

START_TEST(lets_no_bare_cr_make_a_field)
{
    becomes(BYTES("From: x\nDate: y\nMessage-Id: z\nSubject: a\rBcc: b@c\n\n"),
            "From: x\nDate: y\nMessage-Id: z\nSubject: a Bcc: b@c\n\n", "", 0);
}
END_TEST

static void filters(struct bytes in, bool ignore_dots, const char *wanted)
{
    for (size_t cut = 0; cut <= in.n; cut++) {
        struct input_filter f = {.ignore_dots = ignore_dots};
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
        input_filter_add(&f, &out, bytes_from(in.p, cut));
        input_filter_add(&f, &out, bytes_skip(in, cut));
        input_filter_end(&f, &out);
        ck_assert_str_eq(out.data, wanted);
    }
}

START_TEST(ends_at_a_lone_dot_unless_told_otherwise)
{
    filters(BYTES("a\n.\nb\n"), false, "a\n");
    filters(BYTES("a\n.\nb\n"), true, "a\n.\nb\n");
    filters(BYTES("a\n.."), false, "a\n..\n");
    filters(BYTES("a\n.b\n..\n"), false, "a\n.b\n..\n");
    filters(BYTES("a\n."), false, "a\n");
    filters(BYTES("a\r\n.\r\nb"), false, "a\n");
}
END_TEST

START_TEST(makes_line_ends_lf)
{
    filters(BYTES("a\r\nb\rc\r\r\nd"), true, "a\nb\rc\r\nd\n");
    filters(BYTES(""), true, "");
}
END_TEST

UNIT_MAIN("sendmail", finds_every_address, keeps_quotes_and_options_as_data, takes_recipients_and_removes_bcc,
          takes_resent_recipients_alone, adds_what_is_missing, treats_text_without_a_header_as_the_body,
          lets_no_bare_cr_make_a_field, ends_at_a_lone_dot_unless_told_otherwise, makes_line_ends_lf)
