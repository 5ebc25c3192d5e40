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

void lex_quoted(struct lex *lex, struct strbuf *out)
{
    for (lex->at++; !lex_end(lex) && lex_peek(lex) != '"'; lex->at++) {
        if (lex_peek(lex) == '\\' && lex->at + 1 < lex->in.n)
            lex->at++;
        strbuf_addc(out, lex_peek(lex));
    }
    lex_take(lex, '"');
}

struct bytes lex_word(struct lex *lex, const char *specials)
{
    size_t from = lex->at;
    while (!lex_end(lex) && (unsigned char)lex_peek(lex) > ' ' && !strchr(specials, lex_peek(lex)))
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
