/*
 * map_file.h - a file of addresses (address_map.h) that is read again whenever it has changed.
 */
#ifndef RELAY_MAP_FILE_H
#define RELAY_MAP_FILE_H

#include "relay/address_map.h"

#include "base/err.h"

struct map_file;

/* optional: that it is not there is as good as empty. Nothing is read yet. */
struct map_file *map_file_new(const char *path, enum map_format format, bool exact, bool optional);
void map_file_free(struct map_file *file);
const char *map_file_path(const struct map_file *file);
/* What it holds now; good until the next call. Lines that cannot be used are complained about in the log when it is
 * read. NULL with e: it cannot be read, so that nobody knows who is in it. */
const struct address_map *map_file_get(struct map_file *file, struct err *e);

#endif
