/* envelope_test.c - what goes into a spool file and its journal comes out again, and nothing else does. */
#include "relay/envelope.h"
#include "relay/queue_journal.h"

#include "t/unit/unit.h"

static void fill(struct envelope *env)
{
    envelope_init(env);
    free(env->id);
    env->id = xstrdup("0123456789abcdef0123");
    free(env->reverse_path);
    env->reverse_path = xstrdup("anna@example.org");
    env->arrived = 1790000000;
    env->owner = 1000;
    env->size = 42;
    envelope_add(env, RECIPIENT_LOCAL, BYTES("ben@example.org"), "ben");
    envelope_add(env, RECIPIENT_REMOTE, BYTES("carl@example.net"), "");
    envelope_add(env, RECIPIENT_UNROUTED, BYTES("dora@example.net"), "");
}

START_TEST(gives_back_what_went_in)
{
    AUTO_ENVELOPE struct envelope env, back;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    size_t used;
    struct err e;
    fill(&env);
    ck_assert(envelope_encode(&env, false, &out));
    size_t n = out.len;
    strbuf_adds(&out, "Subject: x\n\ny\n");
    ck_assert(!envelope_decode(&back, strbuf_bytes(&out), &used, &e));
    ck_assert_uint_eq(used, n);
    ck_assert_str_eq(back.id, env.id);
    ck_assert_str_eq(back.reverse_path, env.reverse_path);
    ck_assert_uint_eq(back.arrived, env.arrived);
    ck_assert_uint_eq(back.owner, 1000);
    ck_assert_uint_eq(back.size, 42);
    ck_assert_uint_eq(back.nrcpts, 3);
    ck_assert_str_eq(back.rcpts[0].account, "ben");
    ck_assert_int_eq(back.rcpts[1].kind, RECIPIENT_REMOTE);
    ck_assert_str_eq(back.rcpts[2].address, "dora@example.net");
    ck_assert_str_eq(back.envid, "");
    ck_assert_int_eq(back.ret, RET_DEFAULT);
    ck_assert(!back.smtputf8 && !back.body8bit);
    ck_assert(!back.rcpts[0].notify && !back.rcpts[0].orcpt);
}
END_TEST

START_TEST(keeps_what_the_sender_wants_to_be_told)
{
    AUTO_ENVELOPE struct envelope env, back;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    size_t used;
    struct err e;
    fill(&env);
    env.ret = RET_FULL;
    env.smtputf8 = true;
    free(env.envid);
    env.envid = xstrdup("QQ+2B314159");
    free(env.login);
    env.login = xstrdup("anna");
    envelope_add_dsn(&env, RECIPIENT_REMOTE, BYTES("emil@example.net"), "", NOTIFY_SUCCESS | NOTIFY_DELAY,
                     BYTES("rfc822;emil@example.org"));
    ck_assert(envelope_encode(&env, false, &out));
    ck_assert(!envelope_decode(&back, strbuf_bytes(&out), &used, &e));
    ck_assert_int_eq(back.ret, RET_FULL);
    ck_assert(back.smtputf8 && !back.body8bit);
    ck_assert_str_eq(back.envid, "QQ+2B314159");
    ck_assert_str_eq(back.login, "anna");
    ck_assert_uint_eq(back.rcpts[3].notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
    ck_assert_str_eq(back.rcpts[3].orcpt, "rfc822;emil@example.org");
}
END_TEST

START_TEST(leaves_out_who_is_done_and_keeps_the_numbers)
{
    AUTO_ENVELOPE struct envelope env, back;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    size_t used;
    struct err e;
    fill(&env);
    recipient_verdict(&env.rcpts[0], 250, "2.0.0 Ok");
    recipient_verdict(&env.rcpts[1], 451, "4.0.0 Later");
    ck_assert(envelope_encode(&env, false, &out));
    ck_assert(!envelope_decode(&back, strbuf_bytes(&out), &used, &e));
    ck_assert_uint_eq(back.nrcpts, 2);
    ck_assert_uint_eq(back.rcpts[0].number, 1);
    ck_assert_uint_eq(back.rcpts[1].number, 2);
}
END_TEST

START_TEST(refuses_every_cut)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    struct envelope back;
    size_t used;
    struct err e;
    fill(&env);
    ck_assert(envelope_encode(&env, true, &out));
    for (size_t n = 0; n < out.len; n++) {
        ck_assert(envelope_decode(&back, bytes_from(out.data, n), &used, &e));
        ck_assert_int_eq(e.code, ERR_LIMIT);
    }
}
END_TEST

START_TEST(refuses_a_line_end_in_an_address)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(ENVELOPE_MAX);
    struct envelope back;
    size_t used;
    struct err e;
    fill(&env);
    env.rcpts[1].address[3] = '\n';
    ck_assert(envelope_encode(&env, true, &out));
    ck_assert(envelope_decode(&back, strbuf_bytes(&out), &used, &e));
    ck_assert_int_eq(e.code, ERR_CORRUPT);
}
END_TEST

START_TEST(makes_a_verdict_printable)
{
    AUTO_ENVELOPE struct envelope env;
    fill(&env);
    recipient_verdict(&env.rcpts[0], 550, "5.1.1 no\r\nsuch\x1b user");
    ck_assert_str_eq(env.rcpts[0].text, "5.1.1 no  such  user");
    ck_assert(recipient_final(&env.rcpts[0]));
}
END_TEST

START_TEST(reads_verdicts_and_attempts_back)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf j = STRBUF_INIT(JOURNAL_MAX);
    struct journal_state state;
    fill(&env);
    journal_put_verdict(&j, 0, 250, "2.0.0 Ok");
    journal_put_attempt(&j, 1790000100);
    journal_put_verdict(&j, 1, 451, "4.4.1 No answer");
    journal_put_attempt(&j, 1790000400);
    ck_assert_uint_eq(journal_apply(strbuf_bytes(&j), &env, &state), j.len);
    ck_assert_uint_eq(state.attempts, 2);
    ck_assert_uint_eq(state.last, 1790000400);
    ck_assert_int_eq(env.rcpts[0].code, 250);
    ck_assert_str_eq(env.rcpts[1].text, "4.4.1 No answer");
    ck_assert_int_eq(env.rcpts[2].code, 0);
}
END_TEST

START_TEST(ignores_the_half_record_of_a_crash)
{
    AUTO_STRBUF struct strbuf j = STRBUF_INIT(JOURNAL_MAX);
    journal_put_verdict(&j, 0, 250, "2.0.0 Ok");
    size_t whole = j.len;
    journal_put_verdict(&j, 1, 250, "2.0.0 Ok");
    for (size_t n = whole; n < j.len; n++) {
        AUTO_ENVELOPE struct envelope env;
        struct journal_state state;
        fill(&env);
        ck_assert_uint_eq(journal_apply(bytes_from(j.data, n), &env, &state), whole);
        ck_assert_int_eq(env.rcpts[0].code, 250);
        ck_assert_int_eq(env.rcpts[1].code, 0);
    }
}
END_TEST

START_TEST(ignores_a_record_with_a_wrong_checksum)
{
    AUTO_ENVELOPE struct envelope env;
    AUTO_STRBUF struct strbuf j = STRBUF_INIT(JOURNAL_MAX);
    struct journal_state state;
    fill(&env);
    journal_put_verdict(&j, 0, 250, "2.0.0 Ok");
    j.data[6] ^= 1;
    ck_assert_uint_eq(journal_apply(strbuf_bytes(&j), &env, &state), 0);
    ck_assert_int_eq(env.rcpts[0].code, 0);
}
END_TEST

UNIT_MAIN("envelope", gives_back_what_went_in, keeps_what_the_sender_wants_to_be_told,
          leaves_out_who_is_done_and_keeps_the_numbers, refuses_every_cut, refuses_a_line_end_in_an_address,
          makes_a_verdict_printable, reads_verdicts_and_attempts_back, ignores_the_half_record_of_a_crash,
          ignores_a_record_with_a_wrong_checksum)
