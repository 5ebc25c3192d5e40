#include "auth/auth_sasl.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "t/unit/unit.h"

#define B64(out, lit)                                                                                        \
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(20000);                                                      \
    base64_encode(&out, BYTES(lit))

static enum sasl_status one(const char *mechanism, struct bytes in)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    struct sasl *s = sasl_new(bytes_of(mechanism), BYTES(""), false);
    enum sasl_status status = sasl_step(s, in, &out);
    sasl_free(s);
    return status;
}

START_TEST(delivers_the_credentials_of_plain)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    B64(in, "\0anna\0pass word");
    struct sasl *s = sasl_new(BYTES("plain"), BYTES(""), false);
    ck_assert_int_eq(sasl_step(s, strbuf_bytes(&in), &out), SASL_CREDENTIALS);
    ck_assert_str_eq(sasl_name(s), "anna");
    ck_assert_str_eq(sasl_password(s), "pass word");
    ck_assert_str_eq(sasl_mechanism(s), "PLAIN");
    sasl_free(s);
}
END_TEST

START_TEST(asks_login_for_name_and_password)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    struct sasl *s = sasl_new(BYTES("LOGIN"), BYTES(""), false);
    ck_assert_int_eq(sasl_step(s, bytes_from(NULL, 0), &out), SASL_CONTINUE);
    ck_assert_str_eq(out.data, "VXNlcm5hbWU6");
    ck_assert_int_eq(sasl_step(s, BYTES("YW5uYQ=="), &out), SASL_CONTINUE);
    ck_assert_str_eq(out.data, "UGFzc3dvcmQ6");
    ck_assert_int_eq(sasl_step(s, BYTES("c2VjcmV0"), &out), SASL_CREDENTIALS);
    ck_assert_str_eq(sasl_password(s), "secret");
    sasl_free(s);
}
END_TEST

START_TEST(offers_nothing_else)
{
    static const char *const others[] = {"",           "ANONYMOUS",   "EXTERNAL", "CRAM-MD5",
                                         "DIGEST-MD5", "SCRAM-SHA-1", "PLAINX",   "PLAI"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_ptr_null(sasl_new(bytes_of(others[i]), BYTES(""), false));
    ck_assert_ptr_null(sasl_new(BYTES("PLAIN\0"), BYTES(""), false));
}
END_TEST

START_TEST(refuses_malformed_messages)
{
    B64(no_nul, "anna");
    B64(one_nul, "\0anna");
    B64(three_nuls, "\0anna\0pass\0word");
    B64(other_identity, "bert\0anna\0secret");
    ck_assert_int_eq(one("PLAIN", strbuf_bytes(&no_nul)), SASL_INVALID);
    ck_assert_int_eq(one("PLAIN", strbuf_bytes(&one_nul)), SASL_INVALID);
    ck_assert_int_eq(one("PLAIN", strbuf_bytes(&three_nuls)), SASL_INVALID);
    ck_assert_int_eq(one("PLAIN", strbuf_bytes(&other_identity)), SASL_INVALID);
    ck_assert_int_eq(one("PLAIN", BYTES("AGFubmEAc2VjcmV")), SASL_INVALID);
    ck_assert_int_eq(one("PLAIN", BYTES("*")), SASL_INVALID);
    ck_assert_int_eq(one("LOGIN", BYTES("YW4AbmE=")), SASL_INVALID);
}
END_TEST

START_TEST(ends_an_exchange_that_never_ends)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    struct sasl *s = sasl_new(BYTES("PLAIN"), BYTES(""), false);
    int status = SASL_CONTINUE;
    for (int i = 0; i < 10 && status == SASL_CONTINUE; i++)
        status = sasl_step(s, BYTES(""), &out);
    ck_assert_int_eq(status, SASL_INVALID);
    sasl_free(s);
}
END_TEST

UNIT_MAIN("auth_sasl", delivers_the_credentials_of_plain, asks_login_for_name_and_password,
          offers_nothing_else, refuses_malformed_messages, ends_an_exchange_that_never_ends)
