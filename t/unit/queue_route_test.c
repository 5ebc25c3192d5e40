/* queue_route_test.c - what delivery writes in front, what loops, what reports say. */
#include "relay/queue_bounce.h"
#include "relay/queue_trace.h"

#include "t/unit/unit.h"

START_TEST(finds_its_own_delivered_to)
{
    struct bytes m = BYTES(
        "Received: a\nDelivered-To:\n  Anna@mail.example \nReceived: b\n\nDelivered-To: ben@mail.example\n");
    ck_assert(trace_loops(m, BYTES("anna@mail.example")));
    ck_assert(!trace_loops(m, BYTES("ben@mail.example")));
    ck_assert(!trace_loops(m, BYTES("anna@mail.exampl")));
    ck_assert_uint_eq(trace_hops(m), 2);
}
END_TEST

START_TEST(writes_trace_lines)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    setenv("TZ", "UTC-1", 1);
    tzset();
    trace_delivery(&out, "", "anna@mail.example");
    trace_submitted(&out, "mail.example", 1000, "0123", 1790000000);
    ck_assert_str_eq(out.data, "Return-Path: <>\nDelivered-To: anna@mail.example\n"
                               "Received: by mail.example (Posthouse, from userid 1000)\n"
                               "\tid 0123; Mon, 21 Sep 2026 15:13:20 +0100\n");
}
END_TEST

START_TEST(reports_each_failure_with_its_words)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(BOUNCE_MAX);
    envelope_init(&env);
    free(env.reverse_path);
    env.reverse_path = xstrdup("anna@example.org");
    struct recipient *r = envelope_add(&env, RECIPIENT_REMOTE, BYTES("ben@example.net"), "");
    recipient_verdict(r, 550, "5.1.1 no\nsuch user");
    const struct recipient *failed[] = {r};
    struct bounce b = {.env = &env,
                       .hostname = "mail.example",
                       .id = "0123",
                       .now = 1790000000,
                       .original = BYTES("Subject: x\nFrom: y\n\nsecret\n")};
    ck_assert(bounce_write(&b, failed, 1, &out));
    ck_assert_ptr_nonnull(
        strstr(out.data, "\nFinal-Recipient: rfc822; ben@example.net\nAction: failed\nStatus: 5.1.1\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\n\nSubject: x\nFrom: y\n\n--=_0123--\n"));
    ck_assert_ptr_null(strstr(out.data, "secret"));
}
END_TEST

START_TEST(reports_what_dsn_asks_for)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(BOUNCE_MAX);
    envelope_init(&env);
    free(env.reverse_path);
    env.reverse_path = xstrdup("anna@example.org");
    free(env.envid);
    env.envid = xstrdup("a+2Bb");
    envelope_add_dsn(&env, RECIPIENT_LOCAL, BYTES("ben@localhost"), "ben", NOTIFY_SUCCESS,
                     BYTES("rfc822;Ben+2Bx@example.org"));
    envelope_add_dsn(&env, RECIPIENT_REMOTE, BYTES("j\xc3\xb6rg@example.net"), "", NOTIFY_DEFAULT, BYTES(""));
    recipient_verdict(&env.rcpts[0], 250, "2.1.5 Delivered");
    recipient_verdict(&env.rcpts[1], 451, "4.4.1 no answer");
    const struct recipient *rcpts[] = {&env.rcpts[0], &env.rcpts[1]};
    struct bounce b = {.env = &env,
                       .hostname = "mail.example",
                       .id = "0123",
                       .now = 1790000000,
                       .whole = true,
                       .original = BYTES("Subject: x\n\nsecret\n"),
                       .relay = "mx.example.net",
                       .give_up = 1790400000};
    ck_assert(bounce_write(&b, rcpts, 2, &out));
    ck_assert_ptr_nonnull(strstr(out.data, "\nSubject: Your message is late\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\nContent-Type: message/global-delivery-status\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\nOriginal-Envelope-Id: a+b\n"));
    ck_assert_ptr_nonnull(strstr(out.data,
                                 "\nOriginal-Recipient: rfc822;Ben+x@example.org\nFinal-Recipient: rfc822; "
                                 "ben@localhost\nAction: delivered\nStatus: 2.1.5\n"));
    ck_assert_ptr_nonnull(
        strstr(out.data, "\nFinal-Recipient: utf-8; j\xc3\xb6rg@example.net\nAction: delayed\nStatus: "
                         "4.4.1\nRemote-MTA: dns; mx.example.net\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\nWill-Retry-Until: "));
    ck_assert_ptr_nonnull(strstr(out.data, "secret"));
}
END_TEST

START_TEST(tells_a_sender_what_it_wants_to_know)
{
    static const struct {
        unsigned notify;
        int code;
        bool wanted, wanted_late;
    } rows[] = {
        {NOTIFY_DEFAULT, 550, true, true},   {NOTIFY_DEFAULT, 450, false, true},
        {NOTIFY_DEFAULT, 250, false, false}, {NOTIFY_NEVER, 550, false, false},
        {NOTIFY_NEVER, 450, false, false},   {NOTIFY_SUCCESS, 250, true, true},
        {NOTIFY_SUCCESS, 550, false, false}, {NOTIFY_FAILURE, 550, true, true},
        {NOTIFY_FAILURE, 450, false, false}, {NOTIFY_DELAY, 450, false, true},
        {NOTIFY_DEFAULT, 0, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct recipient r = {.kind = RECIPIENT_LOCAL, .notify = rows[i].notify, .code = rows[i].code};
        ck_assert_msg(bounce_wanted(&r, false) == rows[i].wanted, "row %zu", i);
        ck_assert_msg(bounce_wanted(&r, true) == rows[i].wanted_late, "row %zu, late", i);
    }
}
END_TEST

UNIT_MAIN("queue_route", finds_its_own_delivered_to, writes_trace_lines,
          reports_each_failure_with_its_words, reports_what_dsn_asks_for,
          tells_a_sender_what_it_wants_to_know)
