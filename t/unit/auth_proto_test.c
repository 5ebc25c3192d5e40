#include "auth/auth_proto.h"

#include "t/unit/unit.h"

/* The bytes of m as the receiver sees them. */
static struct msg_in received(const struct msg *m)
{
    struct msg_in in = {.nfds = 0};
    memcpy(&in.type, m->buf.data, sizeof(in.type));
    in.rest = bytes_skip(strbuf_bytes(&m->buf), sizeof(in.type));
    return in;
}

static bool round_trip(const struct auth_record *out, struct auth_record *back, struct msg *m)
{
    auth_record_write(out, m);
    struct msg_in in = received(m);
    return auth_record_read(&in, back);
}

START_TEST(reads_back_what_it_writes)
{
    AUTO_MSG struct msg m;
    struct auth_record back, r = {.type = AUTH_REC_ACCOUNT,
                                  .id = 7,
                                  .status = AUTH_LOOKUP_FOUND,
                                  .name = BYTES("anna"),
                                  .uid = 1000,
                                  .gid = 100,
                                  .home = BYTES("/home/anna"),
                                  .mail = BYTES("/home/anna/Maildir"),
                                  .quota_bytes = 1u << 30};
    ck_assert(round_trip(&r, &back, &m));
    ck_assert(back.id == 7 && back.uid == 1000 && back.gid == 100 && back.quota_bytes == 1u << 30);
    ck_assert(bytes_eq(back.mail, r.mail) && bytes_eq(back.name, r.name) && bytes_eq(back.home, r.home));
}
END_TEST

START_TEST(carries_nul_tab_and_newline_in_a_password)
{
    AUTO_MSG struct msg m;
    struct auth_record back,
        r = {.type = AUTH_REC_PLAIN, .service = BYTES("imap"), .password = BYTES("a\0b\tc\nd")};
    ck_assert(round_trip(&r, &back, &m));
    ck_assert(bytes_eq(back.password, r.password));
}
END_TEST

START_TEST(refuses_fields_over_their_limit)
{
    static char long_name[AUTH_NAME_MAX + 1];
    AUTO_MSG struct msg m;
    struct auth_record back, r = {.type = AUTH_REC_PLAIN, .name = {long_name, sizeof(long_name)}};
    ck_assert(!round_trip(&r, &back, &m));
    msg_done(&m);
    r.name.n--;
    ck_assert(round_trip(&r, &back, &m));
    msg_done(&m);
    r = (struct auth_record){.type = AUTH_REC_RESULT, .status = AUTH_TEMPFAIL + 1};
    ck_assert(!round_trip(&r, &back, &m));
    msg_done(&m);
    r = (struct auth_record){.type = AUTH_REC_ACCOUNT, .quota_bytes = UINT64_MAX};
    ck_assert(!round_trip(&r, &back, &m));
}
END_TEST

START_TEST(refuses_unknown_types_cut_records_and_trailing_bytes)
{
    AUTO_MSG struct msg m;
    struct auth_record back, r = {.type = AUTH_REC_LOOKUP, .name = BYTES("anna")};
    auth_record_write(&r, &m);
    for (size_t cut = sizeof(uint16_t); cut < m.buf.len; cut++) {
        struct msg_in in = received(&m);
        in.rest.n = cut - sizeof(uint16_t);
        ck_assert(!auth_record_read(&in, &back));
    }
    strbuf_addc(&m.buf, 'x');
    struct msg_in in = received(&m);
    ck_assert(!auth_record_read(&in, &back));
    in = (struct msg_in){.type = 999, .rest = BYTES("")};
    ck_assert(!auth_record_read(&in, &back));
}
END_TEST

UNIT_MAIN("auth_proto", reads_back_what_it_writes, carries_nul_tab_and_newline_in_a_password,
          refuses_fields_over_their_limit, refuses_unknown_types_cut_records_and_trailing_bytes)
