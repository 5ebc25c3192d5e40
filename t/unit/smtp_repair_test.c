/* smtp_repair_test.c - what a mail program's header gets, loses and keeps. */
#include "relay/smtp_repair.h"
#include "t/unit/unit.h"

static const struct repair how = {"anna@host", "DATE", "<id@host>", "host"};

static void becomes(const char *value, const char *wanted)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(10000);
    repair_addresses(bytes_of(value), "host", &out);
    ck_assert_str_eq(out.data, wanted);
}

static void header_becomes(const char *header, const char *wanted)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(10000);
    repair_header(bytes_of(header), &how, &out);
    ck_assert_str_eq(out.data, wanted);
}

START_TEST(completes_bare_local_parts_and_nothing_else)
{
    becomes(" anna", " anna@host");
    becomes(" anna, ben@example.org,\n\tcarl ", " anna@host, ben@example.org,\n\tcarl@host ");
    becomes(" Anna <anna>, \"B, <x>\" <ben@b.c>", " Anna <anna@host>, \"B, <x>\" <ben@b.c>");
    becomes(" anna (a comment, with) x", " anna (a comment, with) x");
    becomes(" anna (a comment)", " anna@host (a comment)");
    becomes(" friends: anna, ben@b.c;", " friends: anna@host, ben@b.c;");
    becomes(" undisclosed recipients:;", " undisclosed recipients:;");
    becomes(" \"a b\"@c.d, \"quoted\"", " \"a b\"@c.d, \"quoted\"");
    becomes(" two words", " two words");
    becomes(" <>, <@a,@b:c@d>", " <>, <@a,@b:c@d>");
    becomes(" (unended", " (unended");
    becomes(" \"unended", " \"unended");
    becomes(" Anna <anna", " Anna <anna");
    becomes("", "");
}
END_TEST

START_TEST(adds_what_is_missing_and_takes_bcc_away)
{
    header_becomes("Subject: x\n\n", "Date: DATE\nMessage-ID: <id@host>\nFrom: anna@host\nSubject: x\n\n");
    header_becomes("from: a@b\nDATE: d\nMessage-Id: m\nBcc: secret@b,\n\tmore@b\nBCC: x\nTo: ben\n\n",
                   "from: a@b\nDATE: d\nMessage-Id: m\nTo: ben@host\n\n");
    header_becomes("\n", "Date: DATE\nMessage-ID: <id@host>\nFrom: anna@host\n\n");
    header_becomes("", "Date: DATE\nMessage-ID: <id@host>\nFrom: anna@host\n");
}
END_TEST

START_TEST(begins_the_body_at_a_line_that_is_no_field)
{
    header_becomes("From: a@b\nDate: d\nMessage-ID: m\nhello\nBcc: of the body\n",
                   "From: a@b\nDate: d\nMessage-ID: m\n\nhello\nBcc: of the body\n");
}
END_TEST

UNIT_MAIN("smtp_repair", completes_bare_local_parts_and_nothing_else, adds_what_is_missing_and_takes_bcc_away,
          begins_the_body_at_a_line_that_is_no_field)
