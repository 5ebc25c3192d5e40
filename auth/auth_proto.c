/*
 * auth_proto.c - the rows of auth_proto.h, and the two walks over them. See there.
 */
#include "auth/auth_proto.h"

#include "base/cleanup.h"

enum field_kind { U32, U64, BYTES_ };

struct field {
    uint16_t type;
    uint8_t kind;
    uint16_t offset;
    uint64_t max; /* of the number, or of the number of bytes */
};

#define AT(f)     offsetof(struct auth_record, f)
#define ID        U32, AT(id), UINT32_MAX
#define NAME      BYTES_, AT(name), AUTH_NAME_MAX
#define PASSWORD  BYTES_, AT(password), AUTH_PASSWORD_MAX
#define SERVICE   BYTES_, AT(service), AUTH_SERVICE_MAX
#define REMOTE    BYTES_, AT(remote), AUTH_REMOTE_MAX
#define TEXT      BYTES_, AT(text), AUTH_SASL_MAX
#define PATH(f)   BYTES_, AT(f), AUTH_PATH_MAX
#define FLAG(f)   U32, AT(f), 1
#define STATUS(n) U32, AT(status), n
#define NUMBER(f) U32, AT(f), UINT32_MAX
#define AMOUNT(f) U64, AT(f), INT64_MAX

/* Fields stand on the wire in the order of their rows. */
static const struct field fields[] = {
    {AUTH_REC_START, ID},
    {AUTH_REC_START, SERVICE},
    {AUTH_REC_START, REMOTE},
    {AUTH_REC_START, FLAG(secure)},
    {AUTH_REC_START, BYTES_, AT(mechanism), AUTH_SERVICE_MAX},
    {AUTH_REC_START, BYTES_, AT(binding), AUTH_SERVICE_MAX},
    {AUTH_REC_START, FLAG(has_text)},
    {AUTH_REC_START, TEXT},

    {AUTH_REC_PLAIN, ID},
    {AUTH_REC_PLAIN, SERVICE},
    {AUTH_REC_PLAIN, REMOTE},
    {AUTH_REC_PLAIN, FLAG(secure)},
    {AUTH_REC_PLAIN, NAME},
    {AUTH_REC_PLAIN, PASSWORD},

    {AUTH_REC_CONTINUE, ID},
    {AUTH_REC_CONTINUE, TEXT},

    {AUTH_REC_CANCEL, ID},

    {AUTH_REC_RESULT, ID},
    {AUTH_REC_RESULT, STATUS(AUTH_TEMPFAIL)},
    {AUTH_REC_RESULT, TEXT},
    {AUTH_REC_RESULT, NAME},

    {AUTH_REC_LOOKUP, ID},
    {AUTH_REC_LOOKUP, U32, AT(by), AUTH_BY_TICKET},
    {AUTH_REC_LOOKUP, NAME},
    {AUTH_REC_LOOKUP, NUMBER(uid)},
    {AUTH_REC_LOOKUP, BYTES_, AT(text), AUTH_TICKET_LEN},
    {AUTH_REC_LOOKUP, SERVICE},

    {AUTH_REC_ACCOUNT, ID},
    {AUTH_REC_ACCOUNT, STATUS(AUTH_LOOKUP_TEMPFAIL)},
    {AUTH_REC_ACCOUNT, NAME},
    {AUTH_REC_ACCOUNT, NUMBER(uid)},
    {AUTH_REC_ACCOUNT, NUMBER(gid)},
    {AUTH_REC_ACCOUNT, PATH(home)},
    {AUTH_REC_ACCOUNT, PATH(mail)},
    {AUTH_REC_ACCOUNT, AMOUNT(quota_bytes)},
    {AUTH_REC_ACCOUNT, AMOUNT(quota_messages)},
    {AUTH_REC_ACCOUNT, AMOUNT(send_limits[0])},
    {AUTH_REC_ACCOUNT, AMOUNT(send_limits[1])},
    {AUTH_REC_ACCOUNT, AMOUNT(send_limits[2])},
    {AUTH_REC_ACCOUNT, AMOUNT(send_limits[3])},
    {AUTH_REC_ACCOUNT, TEXT},
    {AUTH_REC_ACCOUNT, FLAG(shut)},
    {AUTH_REC_ACCOUNT, FLAG(shared)},

    {AUTH_REC_PAM_TRY, SERVICE},
    {AUTH_REC_PAM_TRY, REMOTE},
    {AUTH_REC_PAM_TRY, NAME},
    {AUTH_REC_PAM_TRY, PASSWORD},
    {AUTH_REC_PAM_TRY, FLAG(proven)},
    {AUTH_REC_PAM_TRY, FLAG(session)},

    {AUTH_REC_PAM_VERDICT, STATUS(AUTH_PAM_TEMPFAIL)},
    {AUTH_REC_PAM_VERDICT, NAME},
    {AUTH_REC_PAM_VERDICT, TEXT},

    {AUTH_REC_BAN, ID},
    {AUTH_REC_BAN, STATUS(BAN_REFUSED)},
    {AUTH_REC_BAN, REMOTE},
    {AUTH_REC_BAN, AMOUNT(until)},
    {AUTH_REC_BAN, TEXT},

    {AUTH_REC_BAN_ASK, ID},
    {AUTH_REC_BAN_ASK, U32, AT(by), BAN_BY_REMOVE},
    {AUTH_REC_BAN_ASK, REMOTE},
    {AUTH_REC_BAN_ASK, AMOUNT(until)},
    {AUTH_REC_BAN_ASK, TEXT},

    {AUTH_REC_EXPLAIN_ASK, ID},
    {AUTH_REC_EXPLAIN_ASK, NAME},
    {AUTH_REC_EXPLAIN_ASK, REMOTE},

    {AUTH_REC_EXPLAIN, ID},
    {AUTH_REC_EXPLAIN, NUMBER(uid)},
    {AUTH_REC_EXPLAIN, NUMBER(gid)},
    {AUTH_REC_EXPLAIN, FLAG(proven)},

    {AUTH_CTL_PASSWD_FILE, PATH(mail)},
    {AUTH_CTL_PASSWD_FILE, NAME},
    {AUTH_CTL_PASSWD_FILE, STATUS(2)},
    {AUTH_CTL_PEER, ID},
    {AUTH_CTL_PAM_CHANGED, ID},
    {AUTH_CTL_STATE, BYTES_, AT(binding), AUTH_SERVICE_MAX},
    {AUTH_CTL_APP_FILE, PATH(mail)},
    {AUTH_CTL_APP_FILE, FLAG(has_text)},
    {AUTH_CTL_WORKER_WANTED, ID},
    {AUTH_CTL_WORKER, ID},
    {AUTH_CTL_CERTIFICATE, PATH(mail)},
    {AUTH_CTL_CERTIFICATE, NAME},
    {AUTH_CTL_CERTIFICATE, TEXT},
    {AUTH_CTL_CERTIFICATE, FLAG(has_text)},
    {AUTH_CTL_CERTIFICATE_TAKEN, ID},
};

static struct bytes filled(struct bytes b)
{
    return b.p ? b : BYTES("");
}

void auth_record_write(const struct auth_record *r, struct msg *m)
{
    msg_init(m, r->type);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const void *at = (const char *)r + fields[i].offset;
        if (fields[i].type != r->type)
            continue;
        if (fields[i].kind == U32)
            msg_put_u32(m, *(const uint32_t *)at);
        else if (fields[i].kind == U64)
            msg_put_u64(m, *(const uint64_t *)at);
        else
            msg_put_bytes(m, filled(*(const struct bytes *)at));
    }
}

void auth_msg_done_secret(struct msg *m)
{
    strbuf_done_secret(&m->buf);
    msg_done(m);
}

static bool read_field(struct msg_in *in, const struct field *f, struct auth_record *r)
{
    void *at = (char *)r + f->offset;
    if (f->kind == U32)
        return (*(uint32_t *)at = msg_get_u32(in)) <= f->max;
    if (f->kind == U64)
        return (*(uint64_t *)at = msg_get_u64(in)) <= f->max;
    *(struct bytes *)at = msg_get_bytes(in);
    return ((struct bytes *)at)->n <= f->max;
}

bool auth_record_read(struct msg_in *in, struct auth_record *r)
{
    bool known = false;
    *r = (struct auth_record){.type = in->type};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].type != in->type)
            continue;
        known = true;
        if (!read_field(in, &fields[i], r))
            return false;
    }
    return known && msg_end(in);
}
