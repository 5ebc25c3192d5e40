/*
 * bytes.c - comparing, cutting and reading numbers from borrowed bytes.
 */
#include "base/bytes.h"

#include "base/strbuf.h"
#include "base/text.h"

bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_starts_nocase(struct bytes a, struct bytes prefix)
{
    if (a.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(prefix.p[i]))
            return false;
    return true;
}

bool bytes_eq_secret(struct bytes a, struct bytes b)
{
    if (a.n != b.n)
        return false;
    volatile unsigned char differ = 0;
    for (size_t i = 0; i < a.n; i++)
        differ |= (unsigned char)(a.p[i] ^ b.p[i]);
    return differ == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct bytes bytes_trim(struct bytes b)
{
    while (b.n && is_blank(b.p[0]))
        b = bytes_skip(b, 1);
    while (b.n && is_blank(b.p[b.n - 1]))
        b.n--;
    return b;
}

struct bytes bytes_split(struct bytes *rest, char sep)
{
    struct bytes piece = *rest;
    size_t at = bytes_index(piece, sep);
    if (at == piece.n) {
        *rest = bytes_from(NULL, 0);
        return piece;
    }
    *rest = bytes_skip(piece, at + 1);
    piece.n = at;
    return piece;
}

char *bytes_dup(struct bytes b)
{
    if (b.n && memchr(b.p, '\0', b.n))
        return NULL;
    char *copy = xrealloc(NULL, b.n + 1, 1);
    if (b.n)
        memcpy(copy, b.p, b.n);
    copy[b.n] = '\0';
    return copy;
}

bool bytes_to_u64(struct bytes b, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (b.n == 0)
        return false;
    for (size_t i = 0; i < b.n; i++) {
        if (!ascii_digit(b.p[i]))
            return false;
        if (__builtin_mul_overflow(v, 10U, &v) || __builtin_add_overflow(v, (uint64_t)(b.p[i] - '0'), &v))
            return false;
        if (v > max)
            return false;
    }
    *value = v;
    return true;
}
