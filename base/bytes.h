/*
 * bytes.h - a borrowed run of bytes with its length.
 *
 * Everything that came from a stranger travels as struct bytes or struct strbuf, never as a bare
 * NUL-terminated pointer: a NUL in the input is one more byte, not the end. The bytes belong to
 * somebody else and live as long as they do.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *p;
    size_t n;
};

#define BYTES(lit) ((struct bytes){(lit), sizeof(lit) - 1}) /* of a string literal */
#define BYTES_OF(lit)                                                                                        \
    {                                                                                                        \
        (lit), sizeof(lit) - 1                                                                               \
    }                       /* the same as an initializer of static data */
#define BYTES_FMT    "%.*s" /* printf: BYTES_FMT, BYTES_ARG(b) */
#define BYTES_ARG(b) (int)((b).n), (b).p

static inline struct bytes bytes_of(const char *cstr)
{
    return (struct bytes){cstr, strlen(cstr)};
}

static inline struct bytes bytes_from(const void *p, size_t n)
{
    return (struct bytes){p, n};
}

/* Byte-exact comparison. */
bool bytes_eq(struct bytes a, struct bytes b);
/* Comparison that ignores the case of A-Z only, whatever the locale. */
bool bytes_starts_nocase(struct bytes a, struct bytes prefix);
static inline bool bytes_eq_nocase(struct bytes a, struct bytes b)
{
    return a.n == b.n && bytes_starts_nocase(a, b);
}
/* Comparison whose time depends on the lengths only: for secrets. */
bool bytes_eq_secret(struct bytes a, struct bytes b);
/* Position of byte c, or b.n if it is not there. */
static inline size_t bytes_index(struct bytes b, char c)
{
    const char *at = b.n ? memchr(b.p, c, b.n) : NULL;
    return at ? (size_t)(at - b.p) : b.n;
}
/* b without its first n bytes (n is capped to b.n). */
static inline struct bytes bytes_skip(struct bytes b, size_t n)
{
    if (n > b.n)
        n = b.n;
    return n ? bytes_from(b.p + n, b.n - n) : b;
}
/* Without blanks (space, TAB) at both ends. */
struct bytes bytes_trim(struct bytes b);
/* Cut off and return what stands before the next sep; *rest goes on behind it. At the end *rest.p is NULL. */
struct bytes bytes_split(struct bytes *rest, char sep);
/* A malloc'ed NUL-terminated copy; NULL if the bytes hold a NUL. Dies when memory is out. */
char *bytes_dup(struct bytes b);
/* Decimal digits only, no sign, no blanks; false if empty, malformed or above max. */
bool bytes_to_u64(struct bytes b, uint64_t max, uint64_t *value);

#endif
