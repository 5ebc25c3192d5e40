/*
 * passwd_file.c - the lines of a passwd-file, and finding an account among them. See passwd_file.h.
 */
#include "auth/passwd_file.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct passwd_file *file;
    size_t allocated;
    const struct passwd_options *options;
    passwd_complain_fn *complain;
    void *arg;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct passwd_entry *)a)->account.name,
                  ((const struct passwd_entry *)b)->account.name);
}

static int compare_entries(const void *a, const void *b)
{
    size_t la = ((const struct passwd_entry *)a)->line, lb = ((const struct passwd_entry *)b)->line;
    int names = compare_names(a, b);
    return names ? names : (la > lb) - (la < lb);
}

static bool has_room(struct reading *r)
{
    struct passwd_file *file = r->file;
    if (file->count == PASSWD_ENTRIES_MAX)
        return false;
    if (file->count == r->allocated) {
        r->allocated = r->allocated ? r->allocated * 2 : 64;
        file->entries = xrealloc(file->entries, r->allocated, sizeof(*file->entries));
    }
    return true;
}

static void read_line(struct reading *r, size_t number, struct bytes line)
{
    struct err e = {0};
    struct passwd_entry entry = {0};
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (bytes_trim(line).n == 0 || line.p[0] == '#')
        return;
    int status = passwd_line_parse(line, r->options, &entry, &e);
    if (status >= 0 && !has_room(r))
        status = err_set(&e, ERR_LIMIT, "more than %d accounts", PASSWD_ENTRIES_MAX);
    if (status != 0)
        r->complain(r->arg, number, e.text);
    entry.line = number;
    if (status >= 0)
        r->file->entries[r->file->count++] = entry;
    else
        passwd_entry_done(&entry);
}

/* Of several lines with one name the first counts. */
static void drop_doubles(struct reading *r)
{
    struct passwd_file *file = r->file;
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++) {
        struct passwd_entry *entry = &file->entries[i];
        if (kept && compare_names(&file->entries[kept - 1], entry) == 0) {
            struct err e;
            err_set(&e, ERR_EXISTS, "%s has an earlier line (%zu), which counts", entry->account.name,
                    file->entries[kept - 1].line);
            r->complain(r->arg, entry->line, e.text);
            passwd_entry_done(entry);
        } else {
            file->entries[kept++] = *entry;
        }
    }
    file->count = kept;
}

struct passwd_file *passwd_file_parse(struct bytes text, const struct passwd_options *options,
                                      passwd_complain_fn *complain, void *arg)
{
    struct reading r = {xcalloc(1, sizeof(struct passwd_file)), 0, options, complain, arg};
    for (size_t number = 1; text.p && text.n; number++)
        read_line(&r, number, bytes_split(&text, '\n'));
    if (r.file->count)
        qsort(r.file->entries, r.file->count, sizeof(*r.file->entries), compare_entries);
    drop_doubles(&r);
    return r.file;
}

void passwd_entry_done(struct passwd_entry *entry)
{
    account_done(&entry->account);
    if (entry->secret)
        explicit_bzero(entry->secret, strlen(entry->secret));
    free(entry->secret);
    free(entry->allow_nets);
    *entry = (struct passwd_entry){0};
}

void passwd_file_free(struct passwd_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        passwd_entry_done(&file->entries[i]);
    free(file->entries);
    free(file);
}

static const struct passwd_entry *find_exact(const struct passwd_file *file, char *name)
{
    struct passwd_entry key = {.account.name = name};
    if (!file->count)
        return NULL;
    return bsearch(&key, file->entries, file->count, sizeof(key), compare_names);
}

const struct passwd_entry *passwd_file_find(const struct passwd_file *file, struct bytes name)
{
    char text[AUTH_NAME_MAX + 1];
    if (name.n == 0 || name.n >= sizeof(text) || memchr(name.p, '\0', name.n))
        return NULL;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    const struct passwd_entry *entry = find_exact(file, text);
    for (size_t i = 0; i < name.n; i++)
        text[i] = ascii_lower(text[i]);
    return entry ? entry : find_exact(file, text);
}

const struct passwd_entry *passwd_file_find_uid(const struct passwd_file *file, uid_t uid)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->entries[i].account.uid == uid)
            return &file->entries[i];
    return NULL;
}
