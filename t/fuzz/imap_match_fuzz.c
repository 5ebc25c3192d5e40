/*
 * imap_match_fuzz.c - the matcher against a slow and plain one.
 */
#include "access/imap_match.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* can[j]: pattern[0..i) matches name[0..j). */
static bool plain(struct bytes pattern, struct bytes name)
{
    bool can[65] = {true};
    for (size_t i = 0; i < pattern.n; i++) {
        bool next[65] = {false};
        char c = pattern.p[i];
        for (size_t j = 0; j <= name.n; j++) {
            if (c == '*' || c == '%')
                next[j] = can[j] || (j > 0 && next[j - 1] && (c == '*' || name.p[j - 1] != '.'));
            else
                next[j] = j > 0 && can[j - 1] && name.p[j - 1] == c;
        }
        memcpy(can, next, sizeof(can));
    }
    return can[name.n];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1 || data[0] > n - 1)
        return 0;
    struct bytes pattern = bytes_from(data + 1, data[0]);
    struct bytes name = bytes_from(data + 1 + data[0], n - 1 - data[0]);
    if (name.n > 64)
        name.n = 64;
    struct imap_pattern *p = imap_pattern_new(pattern, '.');
    if (p && imap_pattern_match(p, name) != plain(pattern, name))
        abort();
    imap_pattern_free(p);
    return 0;
}
