/*
 * imap_seqset.c - see imap_seqset.h.
 */
#include "access/imap_seqset.h"

#include "base/text.h"

#include <stdlib.h>

/* "*" or a number from 1 to 4294967295. */
static bool read_number(struct bytes text, uint32_t star, uint32_t *number)
{
    uint64_t value;
    if (text.n == 1 && text.p[0] == '*') {
        *number = star;
        return true;
    }
    if (text.n == 0 || text.p[0] == '0' || !bytes_to_u64(text, UINT32_MAX, &value))
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool has_star(struct bytes text)
{
    return text.n > 0 && (text.p[0] == '*' || text.p[text.n - 1] == '*');
}

/* One element: "3", "*", "3:9", "9:3", "4:*". Empty ranges are given as lo = 0. */
static bool read_range(struct bytes text, uint32_t star, struct imap_seqrange *range)
{
    struct bytes rest = text;
    struct bytes first = bytes_split(&rest, ':');
    uint32_t a, b;
    if (!read_number(first, star, &a))
        return false;
    b = a;
    if (rest.p && !read_number(rest, star, &b))
        return false;
    *range = (struct imap_seqrange){a < b ? a : b, a < b ? b : a};
    if (has_star(text) && star == 0)
        range->lo = 0;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct imap_seqrange *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static void sort_and_merge(struct imap_seqset *set)
{
    size_t kept = 0;
    if (set->n > 1)
        qsort(set->ranges, set->n, sizeof(*set->ranges), compare);
    for (size_t i = 0; i < set->n; i++) {
        struct imap_seqrange r = set->ranges[i];
        if (kept > 0 && (uint64_t)set->ranges[kept - 1].hi + 1 >= r.lo) {
            if (r.hi > set->ranges[kept - 1].hi)
                set->ranges[kept - 1].hi = r.hi;
        } else
            set->ranges[kept++] = r;
    }
    set->n = kept;
}

bool imap_seqset_looks_like(struct bytes text)
{
    return text.n > 0 && (ascii_digit(text.p[0]) || text.p[0] == '*');
}

bool imap_seqset_parse(struct imap_seqset *set, struct bytes text, uint32_t star)
{
    size_t size = 0;
    struct bytes rest = text;
    *set = (struct imap_seqset){NULL, 0};
    while (rest.p) {
        struct imap_seqrange range;
        if (!read_range(bytes_split(&rest, ','), star, &range)) {
            imap_seqset_done(set);
            return false;
        }
        if (range.lo == 0)
            continue;
        if (set->n == size) {
            size = size ? size * 2 : 4;
            set->ranges = xrealloc(set->ranges, size, sizeof(*set->ranges));
        }
        set->ranges[set->n++] = range;
    }
    sort_and_merge(set);
    return true;
}

bool imap_seqset_has(const struct imap_seqset *set, uint32_t number)
{
    size_t lo = 0, hi = set->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (set->ranges[mid].hi < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < set->n && set->ranges[lo].lo <= number;
}

uint32_t imap_seqset_max(const struct imap_seqset *set)
{
    return set->n ? set->ranges[set->n - 1].hi : 0;
}

void imap_seqset_done(struct imap_seqset *set)
{
    free(set->ranges);
    *set = (struct imap_seqset){NULL, 0};
}

void imap_seqset_write(struct strbuf *out, const uint32_t *numbers, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j + 1 < n && numbers[j + 1] == numbers[j] + 1)
            j++;
        strbuf_addf(out, i ? ",%u" : "%u", numbers[i]);
        if (j > i)
            strbuf_addf(out, ":%u", numbers[j]);
        i = j + 1;
    }
}
