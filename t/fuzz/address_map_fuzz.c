/* address_map_fuzz.c - whatever a file of addresses holds, what is taken from it has no line end, and each key is found. */
#include "relay/address_map.h"
#include "relay/forward_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *arg, size_t line, const char *text)
{
    (void)arg;
    (void)line;
    (void)text;
}

static void check(const struct address_map *map)
{
    for (size_t i = 0; i < map->n; i++)
        for (size_t k = 0; k < map->entries[i].n; k++)
            if (strpbrk(map->entries[i].targets[k], "\r\n"))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct forward_owner owner = {"anna", BYTES_OF("anna@host"), "/home/anna",
                                               "/home/anna/Maildir"};
    struct bytes text = bytes_from(data, size);
    struct forward f;
    for (int format = MAP_ALIASES; format <= MAP_INCLUDE; format++) {
        struct address_map *map = address_map_parse(text, (enum map_format)format, size & 1, ignore, NULL);
        check(map);
        for (size_t i = 0; i < map->n && format != MAP_INCLUDE; i++)
            if (*map->entries[i].key && !address_map_find(map, bytes_of(map->entries[i].key)))
                abort();
        address_map_match(map, text);
        address_map_free(map);
    }
    forward_parse(&f, text, &owner, ignore, NULL);
    for (size_t i = 0; i < f.nfolders; i++)
        if (strstr(f.folders[i], "..") || f.folders[i][0] == '/')
            abort();
    forward_done(&f);
    return 0;
}
