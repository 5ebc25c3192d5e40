/*
 * imap_parse_command.c - what the tokens of a command say while it is being read: its tag, its name, and whether the literal
 * that was just announced is a message to be stored.
 */
#include "access/imap_parse.h"

static bool tag_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("(){%*\"\\+", c);
}

struct bytes imap_parse_tag(const struct imap_parse *p)
{
    struct bytes none = BYTES("*");
    if (p->ntokens == 0 || p->tokens[0].type != IMAP_ATOM)
        return none;
    struct bytes tag = imap_token_text(p, 0);
    if (tag.n > IMAP_PARSE_TAG_MAX)
        return none;
    for (size_t i = 0; i < tag.n; i++) {
        if (!tag_char(tag.p[i]))
            return none;
    }
    return tag;
}

struct bytes imap_parse_name(const struct imap_parse *p)
{
    if (p->ntokens < 2 || p->tokens[1].type != IMAP_ATOM)
        return BYTES("");
    return imap_token_text(p, 1);
}

bool imap_parse_is_open(const struct imap_parse *p, unsigned i)
{
    for (unsigned d = 0; d < p->depth; d++)
        if (p->open[d] == i)
            return true;
    return false;
}

static bool token_is(const struct imap_parse *p, unsigned i, struct bytes word)
{
    return i < p->ntokens && p->tokens[i].type == IMAP_ATOM && bytes_eq_nocase(imap_token_text(p, i), word);
}

/* How many tokens stand before the first message of a command that stores messages; 0 for the others. */
static unsigned tokens_before_message(const struct imap_parse *p)
{
    bool uid = token_is(p, 1, BYTES("UID"));
    if (token_is(p, uid ? 2 : 1, BYTES("REPLACE")))
        return uid ? 5 : 4;
    return token_is(p, 1, BYTES("APPEND")) ? 3 : 0;
}

bool imap_parse_streams(const struct imap_parse *p)
{
    unsigned before = p->limits.streams ? tokens_before_message(p) : 0;
    if (!before || p->ntokens < before)
        return false;
    if (p->depth == 0)
        return true;
    unsigned list = p->open[p->depth - 1];
    if (token_is(p, list - 1, BYTES("UTF8")))
        return p->ntokens == list + 1;
    return p->depth == 1 && token_is(p, list - 1, BYTES("CATENATE")) &&
           token_is(p, p->ntokens - 1, BYTES("TEXT"));
}
