/*
 * imap_args.c - taking a command's arguments one by one out of the parsed tokens.
 */
#include "access/imap_parse.h"

struct imap_args imap_args_of(const struct imap_parse *p, unsigned first)
{
    return (struct imap_args){.p = p, .at = first < p->ntokens ? first : p->ntokens, .end = p->ntokens};
}

enum imap_token_type imap_args_type(const struct imap_args *a)
{
    return a->p->tokens[a->at].type;
}

static bool take(struct imap_args *a, struct bytes *text)
{
    *text = imap_token_text(a->p, a->at);
    a->at = a->p->tokens[a->at].end;
    return true;
}

bool imap_args_atom(struct imap_args *a, struct bytes *text)
{
    return !imap_args_end(a) && imap_args_type(a) == IMAP_ATOM && take(a, text);
}

bool imap_args_astring(struct imap_args *a, struct bytes *text)
{
    return !imap_args_end(a) && imap_args_type(a) != IMAP_LIST && imap_args_type(a) != IMAP_LITERAL8 &&
           take(a, text);
}

bool imap_args_string(struct imap_args *a, struct bytes *text)
{
    return !imap_args_end(a) && (imap_args_type(a) == IMAP_QUOTED || imap_args_type(a) == IMAP_LITERAL) &&
           take(a, text);
}

bool imap_args_literal8(struct imap_args *a, struct bytes *text)
{
    return !imap_args_end(a) && imap_args_type(a) == IMAP_LITERAL8 && take(a, text);
}

bool imap_args_nstring(struct imap_args *a, struct bytes *text)
{
    if (imap_args_word(a, "NIL")) {
        *text = (struct bytes){NULL, 0};
        return true;
    }
    return imap_args_string(a, text);
}

bool imap_args_list(struct imap_args *a, struct imap_args *list)
{
    if (imap_args_end(a) || imap_args_type(a) != IMAP_LIST)
        return false;
    *list = (struct imap_args){.p = a->p, .at = a->at + 1, .end = a->p->tokens[a->at].end};
    a->at = list->end;
    return true;
}

bool imap_args_number(struct imap_args *a, uint64_t max, uint64_t *value)
{
    struct imap_args next = *a;
    struct bytes text;
    if (!imap_args_atom(&next, &text) || !bytes_to_u64(text, max, value))
        return false;
    *a = next;
    return true;
}

bool imap_args_word(struct imap_args *a, const char *word)
{
    struct imap_args next = *a;
    struct bytes text;
    if (!imap_args_atom(&next, &text) || !bytes_eq_nocase(text, bytes_of(word)))
        return false;
    *a = next;
    return true;
}
