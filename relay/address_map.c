/*
 * address_map.c - see address_map.h. Entries are put together from their lines first, then cut at their separators, so
 * that a broken line takes nothing with it but itself.
 */
#include "relay/address_map.h"

#include "relay/address_normal.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

struct parse {
    struct address_map *map;
    enum map_format format;
    bool exact;
    map_complain_fn *complain;
    void *arg;
};

void map_entry_done(struct map_entry *e)
{
    for (size_t i = 0; i < e->n; i++)
        free(e->targets[i]);
    free(e->targets);
    free(e->key);
    *e = (struct map_entry){.n = 0};
}

void address_map_free(struct address_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->n; i++)
        map_entry_done(&map->entries[i]);
    for (size_t i = 0; i < map->npatterns; i++)
        map_entry_done(&map->patterns[i]);
    free(map->entries);
    free(map->patterns);
    free(map);
}

/* ---- targets ---- */

/* The length of the next target: up to a separator outside of quotes and <>. */
static size_t target_length(struct bytes b, bool blanks)
{
    bool quoted = false, angle = false;
    for (size_t i = 0; i < b.n; i++) {
        char c = b.p[i];
        if (c == '\\' && i + 1 < b.n)
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '<' || c == '>'))
            angle = c == '<';
        else if (!quoted && !angle && (c == ',' || c == '\n' || (blanks && (c == ' ' || c == '\t'))))
            return i;
    }
    return b.n;
}

/* "|command with, blanks" stands in quotes as a whole. */
static bool unquote_special(struct strbuf *out, struct bytes t)
{
    if (t.n < 3 || t.p[0] != '"' || t.p[t.n - 1] != '"' || !strchr("|/:\\", t.p[1]))
        return false;
    for (size_t i = 1; i + 1 < t.n; i++) {
        if (t.p[i] == '\\' && i > 1 && i + 2 < t.n)
            i++;
        strbuf_addc(out, t.p[i]);
    }
    return true;
}

static const char *one_target(struct strbuf *out, struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] < ' ' && t.p[i] != '\t')
            return "a target has a control character";
    if (unquote_special(out, t))
        return NULL;
    if (strchr("|/", t.p[0]) || bytes_starts_nocase(t, BYTES(":include:"))) {
        strbuf_addb(out, t);
        return NULL;
    }
    if (t.p[0] == '\\') {
        strbuf_addc(out, '\\');
        t = bytes_skip(t, 1);
    }
    bool catch_all = t.n > 1 && t.p[0] == '@'; /* the same local part there */
    if (catch_all ? strbuf_addc(out, '@') && domain_normal(out, bytes_skip(t, 1)) : address_written(out, t))
        return NULL;
    return "a target is no address";
}

const char *map_targets(struct map_entry *entry, struct bytes list, bool blanks)
{
    const char *wrong = NULL;
    while (list.n) {
        size_t n = target_length(list, blanks);
        struct bytes t = bytes_trim(bytes_from(list.p, n));
        list = bytes_skip(list, n + 1);
        if (!t.n)
            continue;
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAP_ENTRY_MAX);
        const char *complaint =
            entry->n == MAP_TARGETS_MAX ? "there are too many targets" : one_target(&text, t);
        if (complaint) {
            wrong = complaint;
            continue;
        }
        entry->targets = xgrow(entry->targets, entry->n, sizeof(char *));
        entry->targets[entry->n++] = strbuf_detach(&text);
    }
    return wrong;
}

/* ---- keys ---- */

static bool domain_key(struct strbuf *key, struct bytes domain)
{
    if (domain.n && domain.p[0] == '.') /* below it, as in .example.org */
        strbuf_addc(key, '*');
    return domain_normal(key, domain);
}

static bool virtual_key(struct strbuf *key, struct bytes text, bool exact)
{
    struct bytes local, domain;
    address_cut(text, &local, &domain);
    if (!memchr(text.p, '@', text.n))
        return local_normal(key, text, exact);
    if (local.n && !bytes_eq(local, BYTES("*")) && !local_normal(key, local, exact))
        return false;
    strbuf_addc(key, '@');
    return domain_key(key, domain);
}

/* Where the key ends, and the targets begin behind it. */
static size_t key_length(struct bytes b, enum map_format format)
{
    bool quoted = false;
    for (size_t i = 0; i < b.n; i++) {
        char c = b.p[i];
        if (c == '\\' && i + 1 < b.n)
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (format == MAP_ALIASES ? c == ':' : c == ' ' || c == '\t' || c == '\n'))
            return i;
    }
    return b.n;
}

static const char *parse_key(struct parse *p, struct bytes *rest, struct strbuf *key)
{
    size_t n = key_length(*rest, p->format);
    struct bytes text = bytes_trim(bytes_from(rest->p, n));
    bool ended = n < rest->n;
    *rest = bytes_skip(*rest, n + 1);
    if (p->format == MAP_DOMAINS)
        return domain_key(key, text) ? NULL : "this is no domain";
    if (!ended && p->format == MAP_ALIASES)
        return "a line is \"name: address, ...\"";
    if (!text.n ||
        !(p->format == MAP_ALIASES ? local_normal(key, text, p->exact) : virtual_key(key, text, p->exact)))
        return "what stands for the address on the left is none";
    return NULL;
}

/* ---- entries ---- */

static void keep(struct address_map *map, struct map_entry *entry)
{
    if (strchr(entry->key, '*')) {
        map->patterns = xgrow(map->patterns, map->npatterns, sizeof *map->patterns);
        map->patterns[map->npatterns++] = *entry;
    } else {
        map->entries = xgrow(map->entries, map->n, sizeof *map->entries);
        map->entries[map->n++] = *entry;
    }
}

static void take_entry(struct parse *p, struct bytes text, size_t line)
{
    struct map_entry entry = {.line = line};
    AUTO_STRBUF struct strbuf key = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    const char *wrong = p->format == MAP_INCLUDE ? NULL : parse_key(p, &text, &key);
    if (!wrong && p->format != MAP_DOMAINS) {
        wrong = map_targets(&entry, text, p->format == MAP_VIRTUAL);
        if (!wrong && !entry.n && p->format != MAP_INCLUDE)
            wrong = "there is nothing on the right";
    }
    if (wrong)
        p->complain(p->arg, line, wrong);
    if (wrong && !entry.n) {
        map_entry_done(&entry);
        return;
    }
    entry.key = xstrdup(key.data);
    keep(p->map, &entry);
}

static bool is_comment(struct bytes line)
{
    struct bytes t = bytes_trim(line);
    return !t.n || t.p[0] == '#';
}

static bool continues(const struct parse *p, struct bytes line)
{
    return p->format != MAP_INCLUDE && p->format != MAP_DOMAINS && (line.p[0] == ' ' || line.p[0] == '\t');
}

static int by_key(const void *a, const void *b)
{
    const struct map_entry *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Of two with one key the first counts. */
static void sort_entries(struct parse *p)
{
    struct address_map *map = p->map;
    size_t n = 0;
    if (!map->n || p->format == MAP_INCLUDE)
        return;
    qsort(map->entries, map->n, sizeof *map->entries, by_key);
    for (size_t i = 0; i < map->n; i++) {
        if (n && !strcmp(map->entries[n - 1].key, map->entries[i].key)) {
            if (p->format != MAP_DOMAINS)
                p->complain(p->arg, map->entries[i].line,
                            "the same stands further up, too: that line counts");
            map_entry_done(&map->entries[i]);
        } else {
            map->entries[n++] = map->entries[i];
        }
    }
    map->n = n;
}

struct address_map *address_map_parse(struct bytes text, enum map_format format, bool exact,
                                      map_complain_fn *complain, void *arg)
{
    struct parse p = {xcalloc(1, sizeof(struct address_map)), format, exact, complain, arg};
    AUTO_STRBUF struct strbuf entry = STRBUF_INIT(MAP_ENTRY_MAX);
    size_t line = 0, first = 0;
    for (struct bytes rest = text; rest.p && rest.n;) {
        struct bytes l = bytes_split(&rest, '\n');
        line++;
        if (l.n && l.p[l.n - 1] == '\r')
            l.n--;
        if (is_comment(l))
            continue;
        if (!first || !continues(&p, l)) {
            if (first)
                take_entry(&p, strbuf_bytes(&entry), first);
            strbuf_clear(&entry);
            first = line;
        }
        if (entry.len)
            strbuf_addc(&entry, format == MAP_ALIASES ? '\n' : ' ');
        if (!strbuf_addb(&entry, l))
            complain(arg, line, "an entry is longer than a megabyte");
    }
    if (first)
        take_entry(&p, strbuf_bytes(&entry), first);
    sort_entries(&p);
    return p.map;
}

/* ---- finding ---- */

static int to_key(const void *key, const void *entry)
{
    const struct bytes *k = key;
    const char *e = ((const struct map_entry *)entry)->key;
    size_t n = strlen(e);
    int order = memcmp(k->p, e, k->n < n ? k->n : n);
    return order ? order : (k->n > n) - (k->n < n);
}

const struct map_entry *address_map_find(const struct address_map *map, struct bytes key)
{
    return map->n && key.n ? bsearch(&key, map->entries, map->n, sizeof *map->entries, to_key) : NULL;
}

bool address_map_fits(struct bytes pattern, struct bytes text)
{
    size_t i = 0, j = 0, star = SIZE_MAX, from = 0;
    while (j < text.n) {
        if (i < pattern.n && pattern.p[i] == '*') {
            star = ++i;
            from = j;
        } else if (i < pattern.n && pattern.p[i] == text.p[j]) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            i = star;
            j = ++from;
        } else {
            return false;
        }
    }
    while (i < pattern.n && pattern.p[i] == '*')
        i++;
    return i == pattern.n;
}

const struct map_entry *address_map_match(const struct address_map *map, struct bytes key)
{
    for (size_t i = 0; i < map->npatterns; i++)
        if (address_map_fits(bytes_of(map->patterns[i].key), key))
            return &map->patterns[i];
    return NULL;
}
