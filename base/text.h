/*
 * text.h - encodings and characters that every protocol needs: base64, hex, ASCII classes, UTF-8. Pure.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/strbuf.h"

#include <stdio.h>

/* Append base64 (RFC 4648, with padding, no line breaks). */
bool base64_encode(struct strbuf *out, struct bytes in);
/* Append the decoded bytes; false if in is not strict base64 (whole quads, right padding, zero pad bits). */
bool base64_decode(struct strbuf *out, struct bytes in);
/* Append lower-case hex. */
bool hex_encode(struct strbuf *out, const void *p, size_t n);
bool hex_decode(struct strbuf *out, struct bytes in);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}
static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
static inline bool ascii_alnum(char c)
{
    return ascii_alpha(c) || ascii_digit(c);
}

/* All bytes 0x20-0x7e. */
bool text_is_printable(struct bytes b);
/* All bytes below 0x80. */
bool text_is_ascii(struct bytes b);
/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
bool utf8_valid(struct bytes b);
/* Octets of ASCII at the beginning. */
size_t ascii_run(struct bytes b);
/* Copy ASCII in lower case: as many octets. */
void ascii_fold(char *to, struct bytes b);
/* Append code point cp as UTF-8. */
bool utf8_add(struct strbuf *out, uint32_t cp);
/* Read one code point at b[*pos] and advance; returns -1 (and advances by 1) for a malformed byte. */
int32_t utf8_next(struct bytes b, size_t *pos);

/* A JSON string, quoted. */
void text_print_json(FILE *out, const char *text);
/* Control characters as "?". */
void text_print(FILE *out, const char *text);

#endif
