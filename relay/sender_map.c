/*
 * sender_map.c - see sender_map.h.
 */
#include "relay/sender_map.h"

/* The next word of a line, blanks and commas between. */
static bool next_word(struct bytes *line, struct bytes *word)
{
    while (line->n && strchr(" \t\r,", line->p[0]))
        *line = bytes_skip(*line, 1);
    size_t n = 0;
    while (n < line->n && line->p[n] && !strchr(" \t\r,#", line->p[n]))
        n++;
    *word = bytes_from(line->p, n);
    *line = bytes_skip(*line, n);
    return n > 0;
}

static bool matches(struct bytes pattern, struct bytes address)
{
    if (pattern.n == 1 && pattern.p[0] == '*')
        return true;
    if (pattern.p[0] != '@')
        return bytes_eq_nocase(pattern, address);
    return address.n > pattern.n && bytes_eq_nocase(pattern, bytes_skip(address, address.n - pattern.n));
}

/* The next line of that login; words stands behind its name. */
static bool next_line(struct bytes *map, const char *login, struct bytes *words)
{
    while (map->n) {
        struct bytes name;
        *words = bytes_split(map, '\n');
        if (next_word(words, &name) && bytes_eq_nocase(name, bytes_of(login)))
            return true;
    }
    return false;
}

bool sender_map_allows(struct bytes map, const char *login, struct bytes address)
{
    struct bytes words, word;
    while (next_line(&map, login, &words))
        while (next_word(&words, &word))
            if (matches(word, address))
                return true;
    return false;
}

void sender_map_list(struct bytes map, const char *login, size_t most, struct strbuf *out)
{
    struct bytes words, word;
    while (next_line(&map, login, &words))
        while (most && next_word(&words, &word)) {
            strbuf_addf(out, "%s" BYTES_FMT, out->len ? ", " : "", BYTES_ARG(word));
            most--;
        }
}
