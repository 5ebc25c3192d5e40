/*
 * imap_flags.c - see imap_flags.h.
 */
#include "access/imap_flags.h"

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
    const char *name;
    uint32_t bit;
} system_flags[] = {
    {"\\Answered", MAIL_ANSWERED}, {"\\Flagged", MAIL_FLAGGED}, {"\\Deleted", MAIL_DELETED},
    {"\\Seen", MAIL_SEEN},         {"\\Draft", MAIL_DRAFT},
};

uint32_t imap_flag_bit(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(system_flags); i++) {
        if (bytes_eq_nocase(name, bytes_of(system_flags[i].name)))
            return system_flags[i].bit;
    }
    return 0;
}

static bool keyword_valid(struct bytes name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (strchr("%*\\]", name.p[i]))
            return false;
    }
    return name.n > 0;
}

/* The name of keyword n, or NULL. What another program wrote into the Maildir and is no atom cannot be shown.
 */
static const char *keyword_name(const struct mailbox *mb, unsigned n)
{
    const char *name = mailbox_keyword(mb, n);
    if (!name || !keyword_valid(bytes_of(name)))
        return NULL;
    for (const char *p = name; *p; p++) {
        if (*p <= ' ' || *p > '~' || strchr("(){\"", *p))
            return NULL;
    }
    return name;
}

static bool add_keyword(struct imap_flags *flags, struct bytes name, const char **why)
{
    for (size_t i = 0; i < flags->nkeywords; i++) {
        if (bytes_eq_nocase(name, bytes_of(flags->keywords[i])))
            return true;
    }
    *why = "A keyword is too long";
    if (name.n > MAIL_KEYWORD_LEN_MAX)
        return false;
    *why = "Too many keywords";
    if (flags->nkeywords == MAIL_KEYWORDS_MAX)
        return false;
    flags->keywords[flags->nkeywords++] = bytes_dup(name);
    return true;
}

static bool add_flag(struct imap_flags *flags, struct bytes name, const char **why)
{
    uint32_t bit = imap_flag_bit(name);
    if (bit) {
        flags->flags |= bit;
        return true;
    }
    *why = "\\Recent cannot be set by a client";
    if (bytes_eq_nocase(name, BYTES("\\Recent")))
        return false;
    *why = name.n && name.p[0] == '\\' ? "Unknown system flag" : "Invalid character in a keyword";
    return keyword_valid(name) && add_keyword(flags, name, why);
}

bool imap_flags_parse(struct imap_flags *flags, struct imap_args *list, const char **why)
{
    struct bytes name;
    *flags = (struct imap_flags){0};
    while (imap_args_atom(list, &name)) {
        if (!add_flag(flags, name, why)) {
            imap_flags_done(flags);
            return false;
        }
    }
    *why = "Flags are atoms";
    if (!imap_args_end(list))
        imap_flags_done(flags);
    return imap_args_end(list);
}

void imap_flags_done(struct imap_flags *flags)
{
    for (size_t i = 0; i < flags->nkeywords; i++)
        free(flags->keywords[i]);
    *flags = (struct imap_flags){0};
}

static void add_name(struct strbuf *out, size_t start, const char *name)
{
    if (out->len > start)
        strbuf_addc(out, ' ');
    strbuf_adds(out, name);
}

static void add_keywords(struct strbuf *out, size_t start, const struct mailbox *mb, uint64_t bits)
{
    for (unsigned n = 0; n < MAIL_KEYWORDS_MAX; n++) {
        const char *name = bits >> n & 1 ? keyword_name(mb, n) : NULL;
        if (name)
            add_name(out, start, name);
    }
}

void imap_flags_write(struct strbuf *out, const struct mailbox *mb, const struct mail *mail, bool with_recent)
{
    strbuf_addc(out, '(');
    size_t start = out->len;
    for (size_t i = 0; i < ARRAY_LEN(system_flags); i++) {
        if (mail->flags & system_flags[i].bit)
            add_name(out, start, system_flags[i].name);
    }
    if (mail->recent && with_recent)
        add_name(out, start, "\\Recent");
    add_keywords(out, start, mb, mail->keywords);
    strbuf_addc(out, ')');
}

uint64_t imap_flags_keywords(const struct mailbox *mb)
{
    uint64_t bits = 0;
    for (unsigned n = 0; n < MAIL_KEYWORDS_MAX; n++)
        bits |= keyword_name(mb, n) ? (uint64_t)1 << n : 0;
    return bits;
}

void imap_flags_write_all(struct strbuf *out, const struct mailbox *mb, bool more)
{
    uint64_t bits = imap_flags_keywords(mb);
    strbuf_addc(out, '(');
    size_t start = out->len;
    for (size_t i = 0; i < ARRAY_LEN(system_flags); i++)
        add_name(out, start, system_flags[i].name);
    add_keywords(out, start, mb, bits);
    if (more && __builtin_popcountll(bits) < MAIL_KEYWORDS_MAX)
        add_name(out, start, "\\*");
    strbuf_addc(out, ')');
}
