#include "access/imap_envelope.h"
#include "access/imap_quote.h"
#include "access/imap_structure.h"

#include "t/unit/unit.h"

START_TEST(quotes_what_can_be_quoted)
{
    static const char *const pairs[][2] = {
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\tb", "\"a\tb\""},
        {"caf\xc3\xa9", "{5}\r\ncaf\xc3\xa9"},
        {"a\r\nb", "{4}\r\na\r\nb"},
        {"\x7f", "{1}\r\n\x7f"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        imap_string(&out, bytes_of(pairs[i][0]));
        ck_assert_str_eq(out.data, pairs[i][1]);
    }
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
    imap_nstring(&out, bytes_from(NULL, 0));
    imap_string(&out, BYTES("a\0b"));
    ck_assert_str_eq(out.data, "NIL{3}\r\na b");
}
END_TEST

static const char *const envelopes[][2] = {
    {"", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"Subject:\nTo: \n", "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {"From: a@b\nSubject: one\nSubject: two\n\nTo: c@d\n",
     "(NIL \"one\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL "
     "NIL)"},
    {"From: a@b\nSender: c@d\nReply-To: ,\n",
     "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"},
    {"To: g: root;\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"root\" \"\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)"},
    /* the example of RFC 3501 7.4.2, for the header from which it was made */
    {"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
     "Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
     "cc: minutes@CNRI.Reston.VA.US, \r\n   John Klensin <KLENSIN@MIT.EDU>\r\n"
     "Message-Id: <B27397-0100000@cac.washington.edu>\r\nMIME-Version: 1.0\r\n\r\n",
     "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" "
     "\"cac.washington.edu\")) "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) "
     "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
     "\"<B27397-0100000@cac.washington.edu>\")"},
};

START_TEST(writes_envelopes)
{
    for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(2000);
        imap_envelope(&out, bytes_of(envelopes[i][0]));
        ck_assert_str_eq(out.data, envelopes[i][1]);
    }
}
END_TEST

static int read_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    const char *const *text = arg;
    strbuf_add(out, *text + part->header_start, part->header_end - part->header_start);
    return 0;
}

static int read_nothing(void *arg, const struct mime_part *part, struct strbuf *out)
{
    (void)arg;
    (void)part;
    (void)out;
    return -1;
}

static struct mime_part *parse(const char *text)
{
    struct mime_parser *parser = mime_parser_new();
    mime_parser_feed(parser, text, strlen(text));
    return mime_parser_finish(parser);
}

#define PLAIN "\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\""

static const struct {
    const char *message, *body, *structure;
} structures[] = {
    {"\none\ntwo\n", "(" PLAIN " 10 2)", "(" PLAIN " 10 2 NIL NIL NIL NIL)"},
    {"Content-Type: application/PDF; name=x\nContent-ID: <i>\nContent-Transfer-Encoding: base64\n"
     "Content-Description: \"d\"\nContent-Disposition: inline\nContent-Language: en, de\nContent-MD5: m\n"
     "Content-Location: l\n\nAA==\n",
     "(\"application\" \"PDF\" (\"name\" \"x\") \"<i>\" \"\\\"d\\\"\" \"base64\" 6)",
     "(\"application\" \"PDF\" (\"name\" \"x\") \"<i>\" \"\\\"d\\\"\" \"base64\" 6 \"m\" (\"inline\" NIL) "
     "(\"en\" \"de\") \"l\")"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b\nContent-Type: message/rfc822\n\nSubject: "
     "s\n\nx\n\n--b--\n",
     "((" PLAIN
     " 1 0)(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 17 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(" PLAIN " 3 1) 3) \"mixed\")",
     "((" PLAIN " 1 0 NIL NIL NIL NIL)(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 17 "
     "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) (" PLAIN
     " 3 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL) \"mixed\" "
     "(\"boundary\" \"b\") NIL NIL NIL)"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "(" PLAIN " 0 0)", "(" PLAIN " 0 0 NIL NIL NIL NIL)"},
    {"Content-Type: message/global\n\nSubject: s\n\n", "(\"message\" \"global\" NIL NIL NIL \"7BIT\" 14)",
     "(\"message\" \"global\" NIL NIL NIL \"7BIT\" 14 NIL NIL NIL NIL)"},
};

START_TEST(writes_structures)
{
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
        AUTO_STRBUF struct strbuf body = STRBUF_INIT(2000), structure = STRBUF_INIT(2000);
        struct mime_part *root = parse(structures[i].message);
        const char *text = structures[i].message;
        ck_assert_int_eq(imap_bodystructure(&body, root, false, read_header, &text), 0);
        ck_assert_int_eq(imap_bodystructure(&structure, root, true, read_header, &text), 0);
        ck_assert_str_eq(body.data, structures[i].body);
        ck_assert_str_eq(structure.data, structures[i].structure);
        mime_free(root);
    }
}
END_TEST

START_TEST(reports_a_header_that_cannot_be_read)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(2000);
    struct mime_part *root = parse("Content-Type: message/rfc822\n\nSubject: s\n\n");
    ck_assert_int_eq(imap_bodystructure(&out, root, true, read_nothing, NULL), -1);
    mime_free(root);
}
END_TEST

UNIT_MAIN("imap_structure", quotes_what_can_be_quoted, writes_envelopes, writes_structures,
          reports_a_header_that_cannot_be_read)
