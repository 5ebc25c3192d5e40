/*
 * maildir_uidlist.h - dovecot-uidlist: which file has which UID. Reading, appending, rewriting.
 */
#ifndef MAILDIR_UIDLIST_H
#define MAILDIR_UIDLIST_H

#include "base/err.h"
#include "base/strbuf.h"

#include <sys/stat.h>

#define UIDLIST_MAX_BYTES  (256 << 20)
#define UIDLIST_FIELDS_MAX 4096
#define UIDLIST_GUID_LEN   32

/* Base and fields lie in the list's text. */
struct uidlist_entry {
    uint32_t uid, base_at, fields_at;
    uint16_t base_len, fields_len;
};

struct courier;
struct uidlist {
    bool exists;  /* read from a file, or written */
    bool partial; /* only new entries are here; the file has lines before them (uidlist_resume) */
    uint32_t validity, next;
    char guid[UIDLIST_GUID_LEN + 1];
    char *extra; /* header fields that we do not know, verbatim, each with a blank in front; or NULL */
    struct uidlist_entry *entries; /* ascending UIDs */
    struct strbuf text;            /* what they point into */
    size_t n, size;
    size_t lines;   /* in the file, those without a file included */
    size_t saved;   /* entries[0..saved) are in the file */
    bool rewrite;   /* must not be appended to: other version, cut-off last line, no GUID, or from Courier */
    struct stat st; /* of the file as read */
    int fd;         /* kept open, so that its inode number cannot come round again */
    off_t end;      /* of what was read */
    struct courier *courier; /* there was no file: what Courier left, for messages that get their UID now */
};

void uidlist_init(struct uidlist *ul);
void uidlist_done(struct uidlist *ul);

/* Parse (pure): text of a whole file. ERR_CORRUPT names the line. An unterminated last line is left out. */
int uidlist_parse(struct uidlist *ul, struct bytes text, struct err *e);
/* Bring ul up to date with the folder's file: nothing if it is unchanged, on from the old end if it was
 * appended to, else anew. Where there is no dovecot-uidlist, what Courier left (ul->courier is set then). Nothing: ul->exists
 * is false. *changed tells. */
int uidlist_read(struct uidlist *ul, int dir_fd, bool *changed, struct err *e);
/* Go on with a file that has not changed since it was read or written (its stamp says so): validity, next UID and lines are
 * known, its entries are not read. Only adding and appending is possible. */
void uidlist_resume(struct uidlist *ul, uint32_t validity, uint32_t next, size_t lines, uint64_t size);
/* What an entry says: the unique part of the file name; the fields "S123 W130 Pabc" between UID and ':'. */
struct bytes uidlist_base(const struct uidlist *ul, const struct uidlist_entry *entry);
struct bytes uidlist_fields(const struct uidlist *ul, const struct uidlist_entry *entry);
/* Add an entry with the next UID (base and fields are copied). ERR_LIMIT when UIDs are used up. */
int uidlist_add(struct uidlist *ul, struct bytes base, const char *fields, uint32_t *uid, struct err *e);
/* Forget entries that were added but not saved: an operation failed. */
void uidlist_rollback(struct uidlist *ul, uint32_t next);
/* Under the lock: write what was added, durably: appended, or the whole file anew where it must be (ul->rewrite) or too many
 * lines have no file; keep(arg, entry) then says which entries stay (NULL: all). */
int uidlist_save(struct uidlist *ul, int dir_fd, bool (*keep)(void *arg, const struct uidlist_entry *),
                 void *arg, struct err *e);
/* Is it time to write the file anew, if it has so many lines and so many of them have a file? */
bool uidlist_is_stale(size_t lines, size_t live);
/* Value of a field (one letter); false if there is none. */
bool uidlist_field(struct bytes fields, char key, struct bytes *value);
/* The entry of a UID, or NULL. */
const struct uidlist_entry *uidlist_find(const struct uidlist *ul, uint32_t uid);

#endif
