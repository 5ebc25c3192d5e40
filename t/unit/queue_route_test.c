/* queue_route_test.c - which account names an address leads to, what delivery writes in front, what loops. */
#include "relay/queue_bounce.h"
#include "relay/queue_route.h"
#include "relay/queue_trace.h"

#include "t/unit/unit.h"

static char *const domains[] = {(char *)"example.org", NULL};
static const struct route_rules rules = {.hostname = "mail.example", .domains = domains, .subaddress = '+'};

/* names: separated by '|'; "remote" or "none". */
static void leads_to(struct bytes path, const char *wanted)
{
    char *names[ROUTE_NAMES_MAX];
    bool remote;
    AUTO_STRBUF struct strbuf got = STRBUF_INIT(4096);
    size_t n = route_names(&rules, path, names, &remote);
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(&got, "%s%s", i ? "|" : "", names[i]);
        free(names[i]);
    }
    if (!n)
        strbuf_adds(&got, remote ? "remote" : "none");
    ck_assert_str_eq(got.data, wanted);
}

START_TEST(looks_up_the_whole_address_then_the_local_part)
{
    leads_to(BYTES("anna@example.org"), "anna@example.org|anna");
    leads_to(BYTES("anna@MAIL.example"), "anna@mail.example|anna");
    leads_to(BYTES("anna@localhost"), "anna@localhost|anna");
    leads_to(BYTES("postmaster"), "postmaster");
}
END_TEST

START_TEST(tries_lower_case_and_without_the_subaddress)
{
    leads_to(BYTES("Anna@localhost"), "Anna@localhost|Anna|anna@localhost|anna");
    leads_to(BYTES("anna+lists@example.org"), "anna+lists@example.org|anna+lists|anna@example.org|anna");
    leads_to(BYTES("+x@localhost"), "+x@localhost|+x");
}
END_TEST

START_TEST(undoes_quoted_local_parts)
{
    leads_to(BYTES("\"anna\"@localhost"), "anna@localhost|anna");
    leads_to(BYTES("\"a\\\"b\"@localhost"), "a\"b@localhost|a\"b");
    leads_to(BYTES("\"a@b\"@localhost"), "a@b@localhost|a@b");
    leads_to(BYTES("\"\"@localhost"), "none");
    leads_to(BYTES("\"\\\"@localhost"), "none");
    leads_to(BYTES("\"a\"b@localhost"), "none");
}
END_TEST

START_TEST(knows_what_is_elsewhere)
{
    leads_to(BYTES("anna@example.net"), "remote");
    leads_to(BYTES("anna@sub.example.org"), "remote");
    leads_to(BYTES("anna@[127.0.0.1]"), "remote");
}
END_TEST

START_TEST(refuses_what_is_no_name)
{
    leads_to(BYTES(""), "none");
    leads_to(BYTES("@"), "none");
    leads_to(BYTES("@localhost"), "none");
    leads_to(BYTES("anna@"), "none");
    leads_to(BYTES("../anna@localhost"), "none");
    leads_to(BYTES("a\nb@localhost"), "none");
    leads_to(BYTES("a\0b@localhost"), "none");
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(1000);
    for (int i = 0; i < 300; i++)
        strbuf_addc(&path, 'a');
    strbuf_adds(&path, "@localhost");
    leads_to(strbuf_bytes(&path), "none");
}
END_TEST

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

UNIT_MAIN("queue_route", looks_up_the_whole_address_then_the_local_part,
          tries_lower_case_and_without_the_subaddress, undoes_quoted_local_parts, knows_what_is_elsewhere,
          refuses_what_is_no_name, finds_its_own_delivered_to, writes_trace_lines,
          reports_each_failure_with_its_words, reports_what_dsn_asks_for,
          tells_a_sender_what_it_wants_to_know)
