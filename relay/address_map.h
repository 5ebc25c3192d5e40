/*
 * address_map.h - aliases(5), virtual(5) and lists of domains, read from their text. Pure.
 *
 *   MAP_ALIASES   name: target, target      a line that begins with a blank continues the one before
 *   MAP_VIRTUAL   key target, target        key: user@domain, @domain (all of it), user, or the domain alone
 *   MAP_DOMAINS   domain anything
 *
 * Lines that begin with # are comments. '*' in a key of a virtual map or in a domain stands for any octets; such keys
 * count where no other does, in the order of the file. A target is an address, \name, /file, |command or
 * :include:/file. A line that cannot be used is complained about and skipped; the rest counts.
 */
#ifndef RELAY_ADDRESS_MAP_H
#define RELAY_ADDRESS_MAP_H

#include "base/bytes.h"

#include <stddef.h>

#define MAP_FILE_MAX    (64u << 20) /* octets */
#define MAP_ENTRY_MAX   (1u << 20)  /* octets of one entry with its continuation lines */
#define MAP_TARGETS_MAX 5000        /* of one entry */

enum map_format { MAP_ALIASES, MAP_VIRTUAL, MAP_DOMAINS, MAP_INCLUDE /* targets only */ };

struct map_entry {
    char *key;
    size_t line;
    char **targets;
    size_t n;
};

struct address_map {
    struct map_entry *entries; /* sorted by key */
    size_t n;
    struct map_entry *patterns; /* keys with '*', in order */
    size_t npatterns;
};

typedef void map_complain_fn(void *arg, size_t line, const char *text);

/* exact: the case of local parts counts. */
struct address_map *address_map_parse(struct bytes text, enum map_format format, bool exact,
                                      map_complain_fn *complain, void *arg);
void address_map_free(struct address_map *map);
/* The key in its normal form (address_normal.h). NULL: none. */
const struct map_entry *address_map_find(const struct address_map *map, struct bytes key);
/* The first pattern that fits. */
const struct map_entry *address_map_match(const struct address_map *map, struct bytes key);
/* Does the text fit a pattern with '*'? In time that grows with the product of their lengths at most. */
bool address_map_fits(struct bytes pattern, struct bytes text);

/* The targets of one list, as in a .forward file or behind a key, appended to entry; NULL or what is wrong with one (the
 * others are there). blanks: they separate, too. */
const char *map_targets(struct map_entry *entry, struct bytes list, bool blanks);
void map_entry_done(struct map_entry *entry);

#endif
