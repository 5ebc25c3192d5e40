/*
 * maildir_metadata.h - METADATA (RFC 5464): the file posthouse-metadata in a folder, and posthouse-metadata-server at the root.
 *
 *   posthouse-metadata 1
 *   /private/comment 5
 *   hello
 *
 * After the header, for each entry its name (lower case), the octets of its value, and on the next line the value itself. A folder's file is renamed
 * and deleted with it.
 */
#ifndef MAILDIR_MAILDIR_METADATA_H
#define MAILDIR_MAILDIR_METADATA_H

#include "base/strbuf.h"
#include "maildir/maildir.h"

#define METADATA_NAME_MAX    200         /* octets of an entry's name */
#define METADATA_VALUE_MAX   (64 * 1024) /* octets of a value */
#define METADATA_ENTRIES_MAX 100         /* of a mailbox, and of the server */
#define METADATA_FILE_MAX    (1 << 20)

struct metadata_entry {
    char *name;
    struct strbuf value;
};

struct metadata {
    struct metadata_entry *items; /* in the order of their names */
    size_t n;
};

void metadata_done(struct metadata *m);
#define AUTO_METADATA __attribute__((cleanup(metadata_done)))
/* Parse the file's text (pure). What is behind an error is lost. */
void metadata_parse(struct metadata *m, struct bytes text);
/* NULL if there is none of that name. */
struct metadata_entry *metadata_find(const struct metadata *m, const char *name);
/* Set an entry, or with value.p NULL remove it. False: METADATA_ENTRIES_MAX are there. */
bool metadata_set(struct metadata *m, const char *name, struct bytes value);

/* All entries of a folder, or with NULL those of the server. ERR_NOTFOUND: there is no such folder. */
int mail_store_metadata(struct mail_store *store, const char *folder, struct metadata *m, struct err *e);
/* Change entries under the file's lock, all or none: `change` is called with what is there. Durable. What change returns other than 0 is returned. */
int mail_store_change_metadata(struct mail_store *store, const char *folder,
                               int (*change)(struct metadata *m, void *arg), void *arg, struct err *e);

#endif
