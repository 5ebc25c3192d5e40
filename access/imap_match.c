/*
 * imap_match.c - all positions of the pattern that a name may have reached are the bits of one number.
 *
 * Runs of wildcards are one wildcard, so no two stand side by side, and the pattern has m elements. Bit i:
 * the first i elements are matched. An octet moves bit i to i + 1 where element i is that octet, and keeps it
 * where element i is a wildcard that may take it; a wildcard that takes nothing moves bit i to i + 1 without
 * an octet. A name matches if bit m is set at its end.
 */
#include "access/imap_match.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>

#define WORDS ((IMAP_PATTERN_MAX + 1 + 63) / 64)

struct bits {
    uint64_t w[WORDS];
};

struct imap_pattern {
    char separator;
    unsigned n; /* elements */
    unsigned words;
    struct bits any, level; /* elements that are * and % */
    struct bits octet[256]; /* elements that are this octet */
};

static void set_bit(struct bits *b, unsigned i)
{
    b->w[i / 64] |= (uint64_t)1 << (i % 64);
}

static bool has_bit(const struct bits *b, unsigned i)
{
    return b->w[i / 64] >> (i % 64) & 1;
}

static void clear_bit(struct bits *b, unsigned i)
{
    b->w[i / 64] &= ~((uint64_t)1 << (i % 64));
}

static bool add_element(struct imap_pattern *p, char c)
{
    bool wild = c == '*' || c == '%';
    if (wild && p->n > 0) {
        unsigned last = p->n - 1;
        if (has_bit(&p->any, last))
            return true;
        if (has_bit(&p->level, last)) {
            if (c == '*') {
                clear_bit(&p->level, last);
                set_bit(&p->any, last);
            }
            return true;
        }
    }
    if (p->n == IMAP_PATTERN_MAX)
        return false;
    set_bit(c == '*' ? &p->any : c == '%' ? &p->level : &p->octet[(unsigned char)c], p->n++);
    return true;
}

struct imap_pattern *imap_pattern_new(struct bytes pattern, char separator)
{
    struct imap_pattern *p = xcalloc(1, sizeof(*p));
    p->separator = separator;
    for (size_t i = 0; i < pattern.n; i++) {
        if (!add_element(p, pattern.p[i])) {
            free(p);
            return NULL;
        }
    }
    p->words = p->n / 64 + 1;
    return p;
}

void imap_pattern_free(struct imap_pattern *pattern)
{
    free(pattern);
}

/* Wildcards may take nothing. One step is enough: no two stand side by side. */
static void skip_wildcards(const struct imap_pattern *p, struct bits *s)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < p->words; i++) {
        uint64_t at = s->w[i] & (p->any.w[i] | p->level.w[i]);
        s->w[i] |= at << 1 | carry;
        carry = at >> 63;
    }
}

static void take(const struct imap_pattern *p, struct bits *s, char c, char other)
{
    const struct bits *a = &p->octet[(unsigned char)c], *b = &p->octet[(unsigned char)other];
    uint64_t carry = 0;
    for (unsigned i = 0; i < p->words; i++) {
        uint64_t stay = p->any.w[i] | (c == p->separator ? 0 : p->level.w[i]);
        uint64_t go = s->w[i] & (a->w[i] | b->w[i]);
        s->w[i] = (s->w[i] & stay) | go << 1 | carry;
        carry = go >> 63;
    }
    skip_wildcards(p, s);
}

static char other_case(char c)
{
    return ascii_lower(c) == c ? ascii_upper(c) : ascii_lower(c);
}

bool imap_pattern_match_inbox(const struct imap_pattern *pattern, struct bytes name, size_t nocase)
{
    struct bits s = {0};
    set_bit(&s, 0);
    skip_wildcards(pattern, &s);
    for (size_t i = 0; i < name.n; i++)
        take(pattern, &s, name.p[i], i < nocase ? other_case(name.p[i]) : name.p[i]);
    return has_bit(&s, pattern->n);
}

bool imap_pattern_match(const struct imap_pattern *pattern, struct bytes name)
{
    return imap_pattern_match_inbox(pattern, name, 0);
}
