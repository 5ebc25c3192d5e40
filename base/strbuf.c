/*
 * strbuf.c - the one growable string; the contract is in the header.
 *
 * All growth goes through strbuf_room, the one place that compares with the cap. Sums are never formed before
 * it is known that they fit: `n > max - len` cannot overflow, since len <= max always.
 */
#include "base/strbuf.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SIZE = 64 };

char strbuf_empty[1];

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        log_fatal("out of memory (%zu x %zu bytes); raise the limit of this process", n, size);
    return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
    void *q = reallocarray(p, n ? n : 1, size ? size : 1);
    if (!q)
        log_fatal("out of memory (%zu x %zu bytes); raise the limit of this process", n, size);
    return q;
}

void *xgrow(void *p, size_t n, size_t size)
{
    return n & (n - 1) ? p : xrealloc(p, n ? 2 * n : 1, size);
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xrealloc(NULL, n, 1), s, n);
}

void strbuf_init(struct strbuf *sb, size_t cap)
{
    *sb = (struct strbuf)STRBUF_INIT(cap);
}

static bool is_owned(const struct strbuf *sb)
{
    return sb->size && !sb->lent;
}

void strbuf_done(struct strbuf *sb)
{
    if (is_owned(sb))
        free(sb->data);
    strbuf_init(sb, sb->max);
}

void strbuf_done_secret(struct strbuf *sb)
{
    if (sb->size)
        explicit_bzero(sb->data, sb->size);
    strbuf_done(sb);
}

void strbuf_clear(struct strbuf *sb)
{
    strbuf_truncate(sb, 0);
    sb->overflow = false;
}

/* The size to grow to: doubling, but not past what the cap can use. */
static size_t next_size(const struct strbuf *sb, size_t need)
{
    size_t size = sb->size < FIRST_SIZE ? FIRST_SIZE : sb->size;
    while (size < need) {
        if (size > sb->max / 2)
            return sb->max + 1 > need ? sb->max + 1 : need;
        size *= 2;
    }
    return size;
}

static void grow(struct strbuf *sb, size_t need)
{
    size_t size = next_size(sb, need);
    char *data = xrealloc(is_owned(sb) ? sb->data : NULL, size, 1);
    if (sb->lent)
        memcpy(data, sb->data, sb->len);
    data[sb->len] = '\0';
    sb->data = data;
    sb->size = size;
    sb->lent = false;
}

char *strbuf_room(struct strbuf *sb, size_t n)
{
    if (n > sb->max - sb->len || sb->len + n == SIZE_MAX) {
        sb->overflow = true;
        return NULL;
    }
    size_t need = sb->len + n + 1;
    if (need > sb->size)
        grow(sb, need);
    return sb->data + sb->len;
}

void strbuf_extend(struct strbuf *sb, size_t n)
{
    if (n == 0)
        return;
    if (sb->len + n >= sb->size)
        log_fatal("strbuf_extend: %zu bytes claimed without room", n);
    sb->len += n;
    sb->data[sb->len] = '\0';
}

bool strbuf_add(struct strbuf *sb, const void *p, size_t n)
{
    if (n == 0)
        return true;
    char *room = strbuf_room(sb, n);
    if (!room)
        return false;
    memcpy(room, p, n);
    strbuf_extend(sb, n);
    return true;
}

bool strbuf_adds(struct strbuf *sb, const char *s)
{
    return strbuf_add(sb, s, strlen(s));
}

bool strbuf_addb(struct strbuf *sb, struct bytes b)
{
    return strbuf_add(sb, b.p, b.n);
}

bool strbuf_addc_slow(struct strbuf *sb, char c)
{
    return strbuf_add(sb, &c, 1);
}

bool strbuf_addu(struct strbuf *sb, uint64_t value)
{
    char digits[20], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    return strbuf_add(sb, p, (size_t)(digits + sizeof digits - p));
}

bool strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = strbuf_addv(sb, fmt, ap);
    va_end(ap);
    return ok;
}

bool strbuf_addv(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        log_fatal("strbuf_addf: bad format \"%s\"", fmt);
    char *room = strbuf_room(sb, (size_t)n);
    if (!room)
        return false;
    if (n)
        vsnprintf(room, (size_t)n + 1, fmt, ap);
    strbuf_extend(sb, (size_t)n);
    return true;
}

void strbuf_consume(struct strbuf *sb, size_t n)
{
    if (n >= sb->len) {
        strbuf_truncate(sb, 0);
        return;
    }
    sb->len -= n;
    memmove(sb->data, sb->data + n, sb->len + 1);
}

void strbuf_truncate(struct strbuf *sb, size_t n)
{
    if (n >= sb->len)
        return;
    sb->len = n;
    sb->data[n] = '\0';
}

char *strbuf_detach(struct strbuf *sb)
{
    char *data = is_owned(sb) ? sb->data : memcpy(xrealloc(NULL, sb->len + 1, 1), sb->data, sb->len + 1);
    strbuf_init(sb, sb->max);
    return data;
}
