/*
 * envelope.c - an envelope in memory and in a spool file. See envelope.h.
 */
#include "relay/envelope.h"

#include "relay/record.h"

#include <stdlib.h>

enum record_type {
    REC_ID = 'I',        /* octets */
    REC_SENDER = 'F',    /* octets: reverse-path */
    REC_ARRIVED = 'T',   /* u64 seconds */
    REC_OWNER = 'U',     /* u32 uid */
    REC_SIZE = 'S',      /* u64 octets */
    REC_RECIPIENT = 'R', /* u32 number, u32 kind, bytes address, bytes account */
    REC_DSN = 'P',       /* of the recipient before it: u32 number, u32 notify, bytes orcpt */
    REC_ROUTE = 'W',     /* of the recipient before it: u32 number, u32 forwarded, bytes folder */
    REC_FLAGS = 'D',     /* u32: enum envelope_ret, or-ed with FLAG_ */
    REC_ENVID = 'N',     /* octets */
    REC_LOGIN = 'L',     /* octets: account */
    REC_ORIGIN = 'O',    /* octets: directory */
    REC_HELD = 'H',      /* octets: why */
    REC_END = 'E',       /* empty; the message follows */
};

#define TEXT_MAX      400
#define FLAG_RET      3u
#define FLAG_SMTPUTF8 4u
#define FLAG_8BIT     8u
#define FLAGS_ALL     15u

void envelope_init(struct envelope *env)
{
    *env = (struct envelope){.owner = ENVELOPE_STRANGER};
    env->id = xstrdup("");
    env->reverse_path = xstrdup("");
    env->envid = xstrdup("");
    env->login = xstrdup("");
    env->origin = xstrdup("");
    env->held = xstrdup("");
}

void envelope_done(struct envelope *env)
{
    for (size_t i = 0; i < env->nrcpts; i++) {
        free(env->rcpts[i].address);
        free(env->rcpts[i].account);
        free(env->rcpts[i].orcpt);
        free(env->rcpts[i].folder);
        free(env->rcpts[i].text);
    }
    free(env->rcpts);
    free(env->id);
    free(env->reverse_path);
    free(env->envid);
    free(env->login);
    free(env->origin);
    free(env->held);
    *env = (struct envelope){.id = NULL};
}

static char *dup_bytes(struct bytes b)
{
    char *s = xcalloc(b.n + 1, 1);
    if (b.n)
        memcpy(s, b.p, b.n);
    return s;
}

struct recipient *envelope_add(struct envelope *env, enum recipient_kind kind, struct bytes address,
                               const char *account)
{
    uint32_t number = env->nrcpts ? env->rcpts[env->nrcpts - 1].number + 1 : 0;
    if (env->nrcpts % 16 == 0)
        env->rcpts = xrealloc(env->rcpts, env->nrcpts + 16, sizeof *env->rcpts);
    struct recipient *r = &env->rcpts[env->nrcpts++];
    *r = (struct recipient){
        .number = number, .kind = kind, .address = dup_bytes(address), .account = xstrdup(account)};
    return r;
}

struct recipient *envelope_add_dsn(struct envelope *env, enum recipient_kind kind, struct bytes address,
                                   const char *account, unsigned notify, struct bytes orcpt)
{
    struct recipient *r = envelope_add(env, kind, address, account);
    r->notify = notify;
    r->orcpt = orcpt.n ? dup_bytes(orcpt) : NULL;
    return r;
}

void recipient_verdict(struct recipient *r, int code, const char *text)
{
    size_t n = strnlen(text, TEXT_MAX);
    char *copy = xcalloc(n + 1, 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = text[i];
    for (size_t i = 0; i < n; i++)
        if (copy[i] < ' ' || copy[i] == 127)
            copy[i] = ' ';
    free(r->text);
    r->text = copy;
    r->code = code;
}

/* ---- encoding ---- */

static void put_field(struct strbuf *out, uint8_t type, const char *s)
{
    size_t start = record_begin(out, type);
    strbuf_adds(out, s);
    record_end(out, start);
}

static void put_number(struct strbuf *out, uint8_t type, uint64_t v, bool wide)
{
    size_t start = record_begin(out, type);
    if (wide)
        record_put_u64(out, v);
    else
        record_put_u32(out, (uint32_t)v);
    record_end(out, start);
}

static void put_recipient(struct strbuf *out, const struct recipient *r)
{
    size_t start = record_begin(out, REC_RECIPIENT);
    record_put_u32(out, r->number);
    record_put_u32(out, r->kind);
    record_put_bytes(out, bytes_of(r->address));
    record_put_bytes(out, bytes_of(r->account));
    record_end(out, start);
    if (r->folder || r->forwarded) {
        start = record_begin(out, REC_ROUTE);
        record_put_u32(out, r->number);
        record_put_u32(out, r->forwarded);
        record_put_bytes(out, bytes_of(r->folder ? r->folder : ""));
        record_end(out, start);
    }
    if (!r->notify && !r->orcpt)
        return;
    start = record_begin(out, REC_DSN);
    record_put_u32(out, r->number);
    record_put_u32(out, r->notify);
    record_put_bytes(out, bytes_of(r->orcpt ? r->orcpt : ""));
    record_end(out, start);
}

/* What most messages do without, and spool files of earlier versions had not. */
static void put_optional(struct strbuf *out, const struct envelope *env)
{
    uint32_t flags =
        (uint32_t)env->ret | (env->smtputf8 ? FLAG_SMTPUTF8 : 0) | (env->body8bit ? FLAG_8BIT : 0);
    if (flags)
        put_number(out, REC_FLAGS, flags, false);
    if (*env->envid)
        put_field(out, REC_ENVID, env->envid);
    if (*env->login)
        put_field(out, REC_LOGIN, env->login);
    if (*env->origin)
        put_field(out, REC_ORIGIN, env->origin);
    if (*env->held)
        put_field(out, REC_HELD, env->held);
}

bool envelope_encode(const struct envelope *env, bool all, struct strbuf *out)
{
    strbuf_adds(out, ENVELOPE_MAGIC);
    put_field(out, REC_ID, env->id);
    put_field(out, REC_SENDER, env->reverse_path);
    put_number(out, REC_ARRIVED, env->arrived, true);
    put_number(out, REC_OWNER, env->owner, false);
    put_number(out, REC_SIZE, env->size, true);
    put_optional(out, env);
    for (size_t i = 0; i < env->nrcpts; i++)
        if (all || !recipient_final(&env->rcpts[i]))
            put_recipient(out, &env->rcpts[i]);
    record_end(out, record_begin(out, REC_END));
    return !out->overflow;
}

/* ---- decoding ---- */

/* What may stand in an envelope: no control character, so that none can reach a command line of SMTP or a
 * header. */
static bool clean(struct bytes b, size_t max)
{
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127)
            return false;
    return b.n <= max;
}

static bool take_string(char **to, struct bytes b)
{
    if (!clean(b, ENVELOPE_PATH_MAX))
        return false;
    free(*to);
    *to = dup_bytes(b);
    return true;
}

static bool take_recipient(struct envelope *env, struct bytes c)
{
    uint32_t number, kind;
    struct bytes address, account;
    if (!record_get_u32(&c, &number) || !record_get_u32(&c, &kind) || !record_get_bytes(&c, &address) ||
        !record_get_bytes(&c, &account) || c.n)
        return false;
    if (kind < RECIPIENT_UNROUTED || kind > RECIPIENT_REMOTE || env->nrcpts == ENVELOPE_RCPT_MAX)
        return false;
    if (!address.n || !clean(address, ENVELOPE_PATH_MAX) || !clean(account, ENVELOPE_PATH_MAX) ||
        (kind == RECIPIENT_LOCAL && !account.n))
        return false;
    if (env->nrcpts && number <= env->rcpts[env->nrcpts - 1].number)
        return false;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(ENVELOPE_PATH_MAX);
    strbuf_addb(&name, account);
    envelope_add(env, (enum recipient_kind)kind, address, name.data)->number = number;
    return true;
}

static bool take_dsn(struct envelope *env, struct bytes c)
{
    uint32_t number, notify;
    struct bytes orcpt;
    struct recipient *r = env->nrcpts ? &env->rcpts[env->nrcpts - 1] : NULL;
    if (!record_get_u32(&c, &number) || !record_get_u32(&c, &notify) || !record_get_bytes(&c, &orcpt) || c.n)
        return false;
    if (!r || r->number != number || r->orcpt || notify > NOTIFY_ALL || !clean(orcpt, ENVELOPE_ORCPT_MAX))
        return false;
    r->notify = notify;
    r->orcpt = orcpt.n ? dup_bytes(orcpt) : NULL;
    return true;
}

static bool take_route(struct envelope *env, struct bytes c)
{
    uint32_t number, forwarded;
    struct bytes folder;
    struct recipient *r = env->nrcpts ? &env->rcpts[env->nrcpts - 1] : NULL;
    if (!record_get_u32(&c, &number) || !record_get_u32(&c, &forwarded) || !record_get_bytes(&c, &folder) || c.n)
        return false;
    if (!r || r->number != number || r->folder || forwarded > 1 || !clean(folder, ENVELOPE_PATH_MAX))
        return false;
    r->forwarded = forwarded;
    r->folder = folder.n ? dup_bytes(folder) : NULL;
    return true;
}

static bool take_number(struct bytes c, uint64_t *wide, uint32_t *narrow)
{
    return (wide ? record_get_u64(&c, wide) : record_get_u32(&c, narrow)) && c.n == 0;
}

static bool take_flags(struct envelope *env, struct bytes c)
{
    uint32_t flags;
    if (!take_number(c, NULL, &flags) || flags > FLAGS_ALL || (flags & FLAG_RET) > RET_FULL)
        return false;
    env->ret = (enum envelope_ret)(flags & FLAG_RET);
    env->smtputf8 = flags & FLAG_SMTPUTF8;
    env->body8bit = flags & FLAG_8BIT;
    return true;
}

static bool take(struct envelope *env, const struct record *r)
{
    switch (r->type) {
    case REC_ID:
        return r->content.n && take_string(&env->id, r->content);
    case REC_SENDER:
        return take_string(&env->reverse_path, r->content);
    case REC_ARRIVED:
        return take_number(r->content, &env->arrived, NULL);
    case REC_OWNER:
        return take_number(r->content, NULL, &env->owner);
    case REC_SIZE:
        return take_number(r->content, &env->size, NULL);
    case REC_FLAGS:
        return take_flags(env, r->content);
    case REC_ENVID:
        return take_string(&env->envid, r->content);
    case REC_LOGIN:
        return take_string(&env->login, r->content);
    case REC_ORIGIN:
        return take_string(&env->origin, r->content);
    case REC_HELD:
        return take_string(&env->held, r->content);
    case REC_DSN:
        return take_dsn(env, r->content);
    case REC_ROUTE:
        return take_route(env, r->content);
    case REC_RECIPIENT:
        return take_recipient(env, r->content);
    default:
        return false;
    }
}

static const char *decode_records(struct envelope *env, struct bytes *rest, bool *more)
{
    struct record r;
    while (record_next(rest, &r)) {
        if (r.type == REC_END)
            return !*env->id || !env->nrcpts ? "its envelope is incomplete" : NULL;
        if (!take(env, &r))
            return "its envelope holds a malformed record";
    }
    *more = true;
    return "its envelope is cut off";
}

int envelope_decode(struct envelope *env, struct bytes b, size_t *used, struct err *e)
{
    static const struct bytes magic = {ENVELOPE_MAGIC, sizeof ENVELOPE_MAGIC - 1};
    envelope_init(env);
    bool more = b.n < magic.n;
    const char *wrong = more ? "it is too short" : "it is no spool file of this version";
    struct bytes rest = bytes_skip(b, magic.n);
    if (!more && bytes_eq(bytes_from(b.p, magic.n), magic))
        wrong = decode_records(env, &rest, &more);
    if (!wrong) {
        *used = b.n - rest.n;
        return 0;
    }
    envelope_done(env);
    return err_set(e, more && b.n < ENVELOPE_MAX ? ERR_LIMIT : ERR_CORRUPT, "%s", wrong);
}
