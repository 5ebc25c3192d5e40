/*
 * message_lex.c - the words of structured fields. A comment's depth is counted, not stacked; a backslash at
 * the end escapes nothing.
 */
#include "maildir/message_lex.h"

/* At an opening parenthesis. Inner parentheses stay in the text. */
static void lex_comment(struct lex *lex, struct strbuf *out)
{
    size_t depth = 0;
    for (; !lex_end(lex); lex->at++) {
        char c = lex_peek(lex);
        if (c == ')' && --depth == 0)
            break;
        if (c == '(' && depth++ == 0)
            continue;
        if (c == '\\' && lex->at + 1 < lex->in.n)
            c = lex->in.p[++lex->at];
        if (out)
            strbuf_addc(out, c);
    }
    lex_take(lex, ')');
}

bool lex_blanks(struct lex *lex, struct strbuf *comment)
{
    size_t from = lex->at;
    for (;;) {
        char c = lex_peek(lex);
        if (c == '(') {
            if (comment)
                strbuf_clear(comment);
            lex_comment(lex, comment);
        } else if (c == ' ' || c == '\t') {
            lex->at++;
        } else {
            return lex->at > from;
        }
    }
}

struct bytes lex_quoted(struct lex *lex, struct strbuf *scratch)
{
    struct bytes rest = bytes_skip(lex->in, ++lex->at);
    struct bytes inside = {rest.p, bytes_index(rest, '"')};
    if (bytes_index(inside, '\\') == inside.n) {
        lex->at += inside.n;
        lex_take(lex, '"');
        return inside;
    }
    strbuf_clear(scratch);
    for (; !lex_end(lex) && lex_peek(lex) != '"'; lex->at++) {
        if (lex_peek(lex) == '\\' && lex->at + 1 < lex->in.n)
            lex->at++;
        strbuf_addc(scratch, lex_peek(lex));
    }
    lex_take(lex, '"');
    return strbuf_bytes(scratch);
}

enum { ALL = LEX_WORD | LEX_HOST | LEX_TOKEN | LEX_VALUE, ADDRESS = LEX_WORD | LEX_HOST };

static const unsigned char ends[256] = {
    [0 ... ' '] = ALL,
    ['('] = ALL,
    ['"'] = ALL,
    [';'] = ALL,
    [')'] = ADDRESS | LEX_TOKEN,
    ['<'] = ADDRESS | LEX_TOKEN,
    ['>'] = ADDRESS | LEX_TOKEN,
    ['@'] = ADDRESS | LEX_TOKEN,
    [','] = ADDRESS | LEX_TOKEN,
    [':'] = ADDRESS | LEX_TOKEN,
    ['['] = LEX_HOST | LEX_TOKEN,
    ['\\'] = LEX_TOKEN,
    ['/'] = LEX_TOKEN,
    [']'] = LEX_TOKEN,
    ['?'] = LEX_TOKEN,
    ['='] = LEX_TOKEN,
};

struct bytes lex_word(struct lex *lex, enum lex_specials specials)
{
    size_t from = lex->at;
    while (!lex_end(lex) && !(ends[(unsigned char)lex->in.p[lex->at]] & specials))
        lex->at++;
    return (struct bytes){lex->in.p + from, lex->at - from};
}

bool lex_take(struct lex *lex, char c)
{
    if (lex_end(lex) || lex_peek(lex) != c)
        return false;
    lex->at++;
    return true;
}
