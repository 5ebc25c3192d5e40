/*
 * smtp_params.c - see smtp_params.h. A table for each command; a parameter stands at most once (RFC 5321 4.1.2).
 */
#include "relay/smtp_params.h"

#include "base/cleanup.h"
#include "base/text.h"

/* ---- grammar ---- */

static bool is_upper_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* RFC 3461 4: printable but for + and =, or + and two hexadecimal digits that are no control character. */
static bool is_xtext(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] <= ' ' || b.p[i] > '~' || b.p[i] == '=')
            return false;
        if (b.p[i] != '+')
            continue;
        if (b.n - i < 3 || !is_upper_hex(b.p[i + 1]) || !is_upper_hex(b.p[i + 2]))
            return false;
        if (b.p[i + 1] < '2' || (b.p[i + 1] == '7' && b.p[i + 2] == 'F'))
            return false;
        i += 2;
    }
    return true;
}

/* RFC 6533 3: xtext's characters, and beyond ASCII \x{HEX}, or UTF-8 itself where SMTPUTF8 was said. */
static bool is_utf8_address(struct bytes b, bool raw)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '\\') {
            size_t digits = 0;
            if (b.n - i < 5 || b.p[i + 1] != 'x' || b.p[i + 2] != '{')
                return false;
            for (i += 3; i < b.n && is_upper_hex(b.p[i]); i++)
                digits++;
            if (digits < 2 || digits > 6 || i == b.n || b.p[i] != '}')
                return false;
        } else if ((unsigned char)b.p[i] >= 0x80 ? !raw
                                                 : b.p[i] <= ' ' || b.p[i] == 127 || strchr("+=", b.p[i])) {
            return false;
        }
    }
    return utf8_valid(b);
}

static bool is_type(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!ascii_alnum(b.p[i]) && b.p[i] != '-')
            return false;
    return b.n > 0;
}

/* ---- MAIL ---- */

static const char *take_size(struct bytes value, struct mail_params *p)
{
    if (!bytes_to_u64(value, UINT64_MAX / 2, &p->size))
        return "501 5.5.4 SIZE needs a number";
    return p->size > p->size_max ? "552 5.3.4 The message is larger than is taken here" : NULL;
}

static const char *take_body(struct bytes value, struct mail_params *p)
{
    p->body8bit = bytes_eq_nocase(value, BYTES("8BITMIME"));
    return p->body8bit || bytes_eq_nocase(value, BYTES("7BIT")) ? NULL : "501 5.5.4 BODY is 7BIT or 8BITMIME";
}

/* RFC 4954 5: whom a client vouches for is not believed. */
static const char *take_auth(struct bytes value, struct mail_params *p)
{
    (void)p;
    return value.n && is_xtext(value) ? NULL : "501 5.5.4 AUTH is <> or an address in xtext";
}

static const char *take_smtputf8(struct bytes value, struct mail_params *p)
{
    p->smtputf8 = true;
    return value.p ? "501 5.5.4 SMTPUTF8 takes no value" : NULL;
}

static const char *take_ret(struct bytes value, struct mail_params *p)
{
    bool full = bytes_eq_nocase(value, BYTES("FULL"));
    p->ret = full ? RET_FULL : RET_HDRS;
    return full || bytes_eq_nocase(value, BYTES("HDRS")) ? NULL : "501 5.5.4 RET is FULL or HDRS";
}

static const char *take_envid(struct bytes value, struct mail_params *p)
{
    p->envid = value;
    return value.n && value.n <= ENVELOPE_ENVID_MAX && is_xtext(value)
               ? NULL
               : "501 5.5.4 ENVID is xtext of up to 100 characters";
}

static const struct mail_row {
    const char *name;
    const char *(*take)(struct bytes value, struct mail_params *p);
} mail_rows[] = {
    {"SIZE", take_size},         {"BODY", take_body}, {"AUTH", take_auth},
    {"SMTPUTF8", take_smtputf8}, {"RET", take_ret},   {"ENVID", take_envid},
};

/* ---- RCPT ---- */

static unsigned notify_bit(struct bytes word)
{
    static const struct {
        const char *name;
        unsigned bit;
    } words[] = {{"SUCCESS", NOTIFY_SUCCESS}, {"FAILURE", NOTIFY_FAILURE}, {"DELAY", NOTIFY_DELAY}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (bytes_eq_nocase(word, bytes_of(words[i].name)))
            return words[i].bit;
    return 0;
}

static const char *take_notify(struct bytes value, struct rcpt_params *p)
{
    const char *wrong = "501 5.5.4 NOTIFY is NEVER, or SUCCESS, FAILURE and DELAY with commas between";
    if (bytes_eq_nocase(value, BYTES("NEVER"))) {
        p->notify = NOTIFY_NEVER;
        return NULL;
    }
    if (!value.n || value.p[value.n - 1] == ',')
        return wrong;
    while (value.n) {
        unsigned bit = notify_bit(bytes_split(&value, ','));
        if (!bit || (p->notify & bit))
            return wrong;
        p->notify |= bit;
    }
    return NULL;
}

static const char *take_orcpt(struct bytes value, struct rcpt_params *p)
{
    p->orcpt = value;
    if (value.n > ENVELOPE_ORCPT_MAX)
        return "501 5.5.4 ORCPT is longer than 500 octets";
    struct bytes type = bytes_split(&value, ';');
    bool utf8 = bytes_eq_nocase(type, BYTES("utf-8"));
    if (is_type(type) && value.n && (utf8 ? is_utf8_address(value, p->smtputf8) : is_xtext(value)))
        return NULL;
    return "501 5.5.4 ORCPT is a type, a semicolon and an address in xtext";
}

static const struct rcpt_row {
    const char *name;
    const char *(*take)(struct bytes value, struct rcpt_params *p);
} rcpt_rows[] = {{"NOTIFY", take_notify}, {"ORCPT", take_orcpt}};

/* ---- both ---- */

#define UNKNOWN "555 5.5.4 Unknown parameter"
#define TWICE   "501 5.5.4 A parameter stands here twice"

static const char *take_mail_word(struct bytes word, struct mail_params *p)
{
    struct bytes name = bytes_split(&word, '=');
    for (size_t i = 0; i < ARRAY_LEN(mail_rows); i++) {
        if (!bytes_eq_nocase(name, bytes_of(mail_rows[i].name)))
            continue;
        if (p->seen & 1u << i)
            return TWICE;
        p->seen |= 1u << i;
        return mail_rows[i].take(word, p);
    }
    return UNKNOWN;
}

static const char *take_rcpt_word(struct bytes word, struct rcpt_params *p)
{
    struct bytes name = bytes_split(&word, '=');
    for (size_t i = 0; i < ARRAY_LEN(rcpt_rows); i++) {
        if (!bytes_eq_nocase(name, bytes_of(rcpt_rows[i].name)))
            continue;
        if (p->seen & 1u << i)
            return TWICE;
        p->seen |= 1u << i;
        return rcpt_rows[i].take(word, p);
    }
    return UNKNOWN;
}

const char *mail_params_parse(struct bytes text, struct mail_params *params)
{
    const char *refusal = NULL;
    while (text.n && !refusal) {
        struct bytes word = bytes_split(&text, ' ');
        refusal = word.n ? take_mail_word(word, params) : NULL;
    }
    return refusal;
}

const char *rcpt_params_parse(struct bytes text, struct rcpt_params *params)
{
    const char *refusal = NULL;
    while (text.n && !refusal) {
        struct bytes word = bytes_split(&text, ' ');
        refusal = word.n ? take_rcpt_word(word, params) : NULL;
    }
    return refusal;
}
