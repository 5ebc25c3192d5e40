/* remote_reply_test.c - replies of other servers, polite and hostile, and the message as it is sent to them.
 */
#include "relay/remote_body.h"
#include "relay/remote_reply.h"

#include "t/unit/unit.h"

static enum reply_status parse(struct bytes in, struct reply *r, size_t *used)
{
    reply_init(r);
    enum reply_status status = reply_parse(in, r, used);
    return status;
}

static void expect(const char *in, enum reply_status wanted)
{
    struct reply r;
    size_t used;
    ck_assert_msg(parse(bytes_of(in), &r, &used) == wanted, "%s", in);
    reply_done(&r);
}

START_TEST(reads_one_line_and_many)
{
    struct reply r;
    size_t used;
    struct bytes in = BYTES("250-mail.example.org\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n250 next\r\n");
    ck_assert_int_eq(parse(in, &r, &used), REPLY_DONE);
    ck_assert_int_eq(r.code, 250);
    ck_assert_str_eq(r.text.data, "mail.example.org\nSIZE 1000\nAUTH PLAIN LOGIN");
    ck_assert_uint_eq(used, in.n - strlen("250 next\r\n"));
    struct bytes params;
    ck_assert(reply_keyword(&r, "size", &params));
    ck_assert(bytes_eq(params, BYTES("1000")));
    ck_assert(!reply_keyword(&r, "mail.example.org", NULL));
    ck_assert(!reply_keyword(&r, "STARTTLS", NULL));
    reply_done(&r);
}
END_TEST

START_TEST(takes_a_code_without_text)
{
    expect("250\r\n", REPLY_DONE);
    expect("250 \r\n", REPLY_DONE);
}
END_TEST

START_TEST(waits_for_every_cut_off_reply)
{
    const char *in = "250-one\r\n250-two\r\n250 three\r\n";
    for (size_t n = 0; n < strlen(in); n++) {
        struct reply r;
        size_t used;
        ck_assert_int_eq(parse(bytes_from(in, n), &r, &used), REPLY_MORE);
        reply_done(&r);
    }
}
END_TEST

START_TEST(refuses_what_is_no_reply)
{
    static const char *const bad[] = {"\r\n",      "2\r\n",        "25\r\n",    "25x ok\r\n",
                                      "199 x\r\n", "600 x\r\n",    "250ok\r\n", "5.7.2 x\r\n",
                                      "250 ok\n",  "250 a\rb\r\n", "\n",        "250-a\r\n251 b\r\n",
                                      "ok\r\n",    "250-a\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(bad[i], REPLY_BAD);
    struct reply r;
    size_t used;
    ck_assert_int_eq(parse(BYTES("250 a\0b\r\n"), &r, &used), REPLY_BAD);
    reply_done(&r);
}
END_TEST

START_TEST(refuses_endless_lines_and_replies)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(1 << 20);
    struct reply r;
    size_t used;
    for (int i = 0; i < REPLY_LINE_MAX; i++)
        strbuf_addc(&in, '2');
    ck_assert_int_eq(parse(strbuf_bytes(&in), &r, &used), REPLY_BAD);
    reply_done(&r);
    strbuf_clear(&in);
    for (int i = 0; i < REPLY_LINES_MAX; i++)
        strbuf_adds(&in, "250-x\r\n");
    ck_assert_int_eq(parse(strbuf_bytes(&in), &r, &used), REPLY_BAD);
    reply_done(&r);
}
END_TEST

START_TEST(keeps_control_characters_out_of_the_text)
{
    struct reply r;
    size_t used;
    ck_assert_int_eq(parse(BYTES("550 no\x1b[31m\tway\r\n"), &r, &used), REPLY_DONE);
    ck_assert_str_eq(r.text.data, "no?[31m?way");
    reply_done(&r);
}
END_TEST

static void sends(struct bytes in, const char *wanted)
{
    for (size_t cut = 0; cut <= in.n; cut++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
        struct body_writer w = {.in_line = false};
        body_write(&w, &out, bytes_from(in.p, cut));
        body_write(&w, &out, bytes_skip(in, cut));
        body_end(&w, &out);
        ck_assert_str_eq(out.data, wanted);
    }
}

START_TEST(stuffs_dots_and_makes_line_ends)
{
    sends(BYTES("a\n.\n..b\nc.d\n"), "a\r\n..\r\n...b\r\nc.d\r\n.\r\n");
    sends(BYTES("no end"), "no end\r\n.\r\n");
    sends(BYTES(""), ".\r\n");
    sends(BYTES("\n\n"), "\r\n\r\n.\r\n");
}
END_TEST

START_TEST(lets_no_bare_cr_pass)
{
    sends(BYTES("a\r\n\r.\r\nb\rc\n"), "a\r\n..\r\nbc\r\n.\r\n");
}
END_TEST

UNIT_MAIN("remote_reply", reads_one_line_and_many, takes_a_code_without_text, waits_for_every_cut_off_reply,
          refuses_what_is_no_reply, refuses_endless_lines_and_replies,
          keeps_control_characters_out_of_the_text, stuffs_dots_and_makes_line_ends, lets_no_bare_cr_pass)
