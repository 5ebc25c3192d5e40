/*
 * sendmail_aliases.c - see sendmail_aliases.h.
 */
#include "relay/sendmail_aliases.h"

#include "relay/address_map.h"

#include "base/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>

struct check {
    const char *path;
    size_t wrong;
};

static void complain(void *arg, size_t line, const char *text)
{
    struct check *c = arg;
    c->wrong++;
    fprintf(stderr, "%s:%zu: %s\n", c->path, line, text);
}

int aliases_check(const char *path)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAP_FILE_MAX);
    struct check c = {path, 0};
    struct err e;
    if (!path) {
        puts("No file of aliases is configured.");
        return EX_OK;
    }
    if (fs_read_file(AT_FDCWD, path, &text, &e)) {
        if (e.code == ERR_NOTFOUND) {
            printf("%s is not there: there are no aliases.\n", path);
            return EX_OK;
        }
        fprintf(stderr, "newaliases: %s\n", e.text);
        return EX_NOINPUT;
    }
    struct address_map *map = address_map_parse(strbuf_bytes(&text), MAP_ALIASES, false, complain, &c);
    printf("%s: %zu aliases, which count from now on; no database is needed.\n", path, map->n);
    address_map_free(map);
    return c.wrong ? EX_DATAERR : EX_OK;
}
