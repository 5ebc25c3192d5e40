/*
 * strbuf.h - the one growable string.
 *
 * Contract: data is never NULL and always NUL-terminated at data[len]; it may hold NULs before that.
 * Each strbuf has a cap, chosen by us and never by a peer. An addition that would pass the cap adds nothing,
 * sets `overflow` (sticky until strbuf_clear) and returns false: many additions may be made and
 * the flag looked at once. When memory is out the process dies with a log line: all sizes are capped, so
 * this means a limit of the system, not of a peer.
 * This primitive knows nothing above itself.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/bytes.h"

#include <stdarg.h>

struct strbuf {
    char *data;    /* NUL-terminated, strbuf_empty while nothing was ever added */
    size_t len;    /* bytes in use, without the NUL */
    size_t size;   /* bytes allocated, 0 for strbuf_empty */
    size_t max;    /* the cap on len */
    bool overflow; /* an addition was refused */
    bool lent;     /* data is somebody else's array, while it is large enough */
};

extern char strbuf_empty[1];

#define STRBUF_INIT(cap)                                                                                     \
    {                                                                                                        \
        .data = strbuf_empty, .max = (cap)                                                                   \
    }

/* The same, beginning in an array, most often on the stack: no malloc while what is added fits into it. The array must live as
 * long as the strbuf. */
#define STRBUF_LENT(array, cap)                                                                              \
    {                                                                                                        \
        .data = memset((array), 0, 1), .size = sizeof(array), .max = (cap), .lent = true                     \
    }

void strbuf_init(struct strbuf *sb, size_t cap);
/* Release the memory; the strbuf may be used again. */
void strbuf_done(struct strbuf *sb);
/* The same after overwriting the bytes: for passwords. */
void strbuf_done_secret(struct strbuf *sb);
/* Empty for reuse; keeps the memory, clears `overflow`. */
void strbuf_clear(struct strbuf *sb);

bool strbuf_add(struct strbuf *sb, const void *p, size_t n);
bool strbuf_adds(struct strbuf *sb, const char *s);
bool strbuf_addb(struct strbuf *sb, struct bytes b);
bool strbuf_addc_slow(struct strbuf *sb, char c); /* when there is no room */
static inline bool strbuf_addc(struct strbuf *sb, char c)
{
    if (sb->len + 1 >= sb->size || sb->len >= sb->max)
        return strbuf_addc_slow(sb, c);
    sb->data[sb->len++] = c;
    sb->data[sb->len] = '\0';
    return true;
}
/* In decimal: what strbuf_addf does with %llu, ten times as fast. */
bool strbuf_addu(struct strbuf *sb, uint64_t value);
bool strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strbuf_addv(struct strbuf *sb, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Room for n more bytes at data + len, to be claimed with strbuf_extend; NULL if over the cap. */
char *strbuf_room(struct strbuf *sb, size_t n);
void strbuf_extend(struct strbuf *sb, size_t n);
/* Drop n bytes from the front. */
void strbuf_consume(struct strbuf *sb, size_t n);
/* Keep the first n bytes. */
void strbuf_truncate(struct strbuf *sb, size_t n);
/* The only way to take the bytes: malloc'ed, owned by the caller; the strbuf is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);

static inline struct bytes strbuf_bytes(const struct strbuf *sb)
{
    return (struct bytes){sb->data, sb->len};
}

#define AUTO_STRBUF __attribute__((cleanup(strbuf_done)))

/* malloc and friends that die with a log line instead of returning NULL. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size); /* n * size, checked */
/* An array of n elements that always grew by this: room for one more. It moves only when n is a power of two. */
void *xgrow(void *p, size_t n, size_t size);
char *xstrdup(const char *s);

#endif
