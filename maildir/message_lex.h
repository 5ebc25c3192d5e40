/*
 * message_lex.h - the words of structured fields (RFC 5322 3.2): blanks, comments, quoted strings. Inside of
 * maildir/message_*.c.
 *
 * Works on unfolded text: no control characters but TAB. Every function makes progress or says that it did
 * not, none goes back.
 */
#ifndef MAILDIR_MESSAGE_LEX_H
#define MAILDIR_MESSAGE_LEX_H

#include "base/strbuf.h"

struct lex {
    struct bytes in;
    size_t at;
};

/* What ends a word besides blanks and controls. */
enum lex_specials {
    LEX_WORD = 1,  /* of a phrase or a local part: ()<>@,;:" */
    LEX_HOST = 2,  /* of a domain: the same and [ */
    LEX_TOKEN = 4, /* of MIME: ()<>@,;:\"/[]?= */
    LEX_VALUE = 8, /* of a parameter without quotation marks: ;(" */
};

static inline bool lex_end(const struct lex *lex)
{
    return lex->at >= lex->in.n;
}

/* The next octet, or 0 at the end. */
static inline char lex_peek(const struct lex *lex)
{
    return lex_end(lex) ? '\0' : lex->in.p[lex->at];
}

/* Go past blanks and comments. The text of the last comment replaces what is in `comment`, if that is not
 * NULL. Returns whether there was anything. */
bool lex_blanks(struct lex *lex, struct strbuf *comment);
/* At a quotation mark: what stands inside, unescaped, and go behind it. One that is never closed ends with the
 * text. The result is a piece of the text, or of what `scratch` holds then. */
struct bytes lex_quoted(struct lex *lex, struct strbuf *scratch);
/* A run of octets that are neither blank, nor control, nor one of the specials; may be empty. */
struct bytes lex_word(struct lex *lex, enum lex_specials specials);
/* Is the next octet c? Goes past it if so. */
bool lex_take(struct lex *lex, char c);

#endif
