/*
 * maildir_metadata.c - see maildir_metadata.h.
 */
#include "maildir/maildir_metadata.h"

#include "maildir/maildir_internal.h"

#include <stdlib.h>

#define FOLDER_FILE "posthouse-metadata"
#define SERVER_FILE "posthouse-metadata-server"
#define HEADER      FOLDER_FILE " 1\n"

void metadata_done(struct metadata *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i].name);
        strbuf_done(&m->items[i].value);
    }
    free(m->items);
    *m = (struct metadata){NULL, 0};
}

/* Where the name is, or would be. */
static size_t position(const struct metadata *m, const char *name, bool *found)
{
    size_t lo = 0, hi = m->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(m->items[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *found = lo < m->n && !strcmp(m->items[lo].name, name);
    return lo;
}

struct metadata_entry *metadata_find(const struct metadata *m, const char *name)
{
    bool found;
    size_t i = position(m, name, &found);
    return found ? &m->items[i] : NULL;
}

static void drop(struct metadata *m, size_t i)
{
    free(m->items[i].name);
    strbuf_done(&m->items[i].value);
    memmove(&m->items[i], &m->items[i + 1], (--m->n - i) * sizeof(*m->items));
}

bool metadata_set(struct metadata *m, const char *name, struct bytes value)
{
    bool found;
    size_t i = position(m, name, &found);
    if (found)
        drop(m, i);
    if (!value.p)
        return true;
    if (m->n == METADATA_ENTRIES_MAX)
        return false;
    m->items = xgrow(m->items, m->n, sizeof(*m->items));
    memmove(&m->items[i + 1], &m->items[i], (m->n++ - i) * sizeof(*m->items));
    m->items[i] = (struct metadata_entry){.name = xstrdup(name)};
    strbuf_init(&m->items[i].value, METADATA_VALUE_MAX);
    strbuf_addb(&m->items[i].value, value);
    return true;
}

/* One entry off the text. False: there is none, or it is none. */
static bool parse_entry(struct metadata *m, struct bytes *text)
{
    size_t end = bytes_index(*text, '\n'), blank = bytes_index(*text, ' ');
    uint64_t size;
    if (end == text->n || blank >= end ||
        !bytes_to_u64(bytes_from(text->p + blank + 1, end - blank - 1), METADATA_VALUE_MAX, &size))
        return false;
    AUTO_FREE char *name = blank <= METADATA_NAME_MAX ? bytes_dup(bytes_from(text->p, blank)) : NULL;
    struct bytes rest = bytes_skip(*text, end + 1);
    if (!name || rest.n <= size || rest.p[size] != '\n')
        return false;
    *text = bytes_skip(rest, size + 1);
    return metadata_set(m, name, bytes_from(rest.p, size));
}

void metadata_parse(struct metadata *m, struct bytes text)
{
    *m = (struct metadata){NULL, 0};
    if (!bytes_starts_nocase(text, BYTES(HEADER)))
        return;
    text = bytes_skip(text, sizeof(HEADER) - 1);
    while (text.n && parse_entry(m, &text))
        ;
}

static int read_file(int dir_fd, const char *name, struct metadata *m, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(METADATA_FILE_MAX + sizeof(HEADER));
    int r = fs_read_file(dir_fd, name, &text, e);
    *m = (struct metadata){NULL, 0};
    if (r)
        return e->code == ERR_NOTFOUND ? 0 : -1;
    metadata_parse(m, strbuf_bytes(&text));
    return 0;
}

static int write_file(int dir_fd, const char *name, const struct metadata *m, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(METADATA_FILE_MAX), temporary = STRBUF_INIT(100);
    strbuf_adds(&text, HEADER);
    for (size_t i = 0; i < m->n; i++) {
        strbuf_addf(&text, "%s %zu\n", m->items[i].name, m->items[i].value.len);
        strbuf_addb(&text, strbuf_bytes(&m->items[i].value));
        strbuf_addc(&text, '\n');
    }
    strbuf_addf(&temporary, "%s.tmp", name);
    if (text.overflow)
        return err_set(e, ERR_QUOTA, "the annotations of a mailbox have at most %d octets in all",
                       METADATA_FILE_MAX);
    return fs_replace(dir_fd, name, temporary.data, strbuf_bytes(&text), 0600, true, e);
}

/* The directory is the folder's, or for the server (NULL) the root. */
static int place(struct mail_store *store, const char *folder, struct folder *f, const char **file,
                 struct err *e)
{
    *file = folder ? FOLDER_FILE : SERVER_FILE;
    return folder_open(f, store, folder ? folder : "INBOX", e);
}

int mail_store_metadata(struct mail_store *store, const char *folder, struct metadata *m, struct err *e)
{
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    const char *file;
    *m = (struct metadata){NULL, 0};
    return place(store, folder, &f, &file, e) ? -1 : read_file(f.fd, file, m, e);
}

int mail_store_change_metadata(struct mail_store *store, const char *folder,
                               int (*change)(struct metadata *m, void *arg), void *arg, struct err *e)
{
    AUTO_FOLDER struct folder f = FOLDER_INIT;
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_METADATA struct metadata m = {NULL, 0};
    const char *file;
    if (place(store, folder, &f, &file, e) || maildir_lock_take(&lock, f.fd, FOLDER_FILE ".lock", false, e) ||
        read_file(f.fd, file, &m, e))
        return -1;
    int r = change(&m, arg);
    return r ? r : write_file(f.fd, file, &m, e);
}
