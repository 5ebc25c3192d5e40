/*
 * passwd_file.c - the lines of a passwd-file, and finding an account among them. See passwd_file.h.
 */
#include "auth/passwd_file.h"

#include "base/cleanup.h"
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

/* ---- aliases ---- */

static const struct passwd_entry *find_exact(const struct passwd_file *file, char *name);

static int compare_aliases(const void *a, const void *b)
{
    const struct passwd_alias *x = a, *y = b;
    int names = strcmp(x->name, y->name);
    return names ? names : (x->entry > y->entry) - (x->entry < y->entry);
}

static void add_aliases(struct reading *r, size_t entry)
{
    struct passwd_file *file = r->file;
    struct bytes list = bytes_of(file->entries[entry].aliases);
    while (list.p) {
        struct err e;
        char *name = bytes_dup(bytes_split(&list, ','));
        if (find_exact(file, name)) {
            err_set(&e, ERR_EXISTS, "%s: the alias %s is an account of its own, which counts",
                    file->entries[entry].account.name, name);
            r->complain(r->arg, file->entries[entry].line, e.text);
            free(name);
            continue;
        }
        file->aliases = xgrow(file->aliases, file->naliases, sizeof(*file->aliases));
        file->aliases[file->naliases++] = (struct passwd_alias){name, entry};
    }
}

static void collect_aliases(struct reading *r)
{
    struct passwd_file *file = r->file;
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++)
        if (file->entries[i].aliases)
            add_aliases(r, i);
    if (file->naliases)
        qsort(file->aliases, file->naliases, sizeof(*file->aliases), compare_aliases);
    for (size_t i = 0; i < file->naliases; i++) {
        if (kept && strcmp(file->aliases[kept - 1].name, file->aliases[i].name) == 0) {
            struct err e;
            const struct passwd_entry *entry = &file->entries[file->aliases[i].entry];
            err_set(&e, ERR_EXISTS, "%s: the alias %s is another account's already", entry->account.name,
                    file->aliases[i].name);
            r->complain(r->arg, entry->line, e.text);
            free(file->aliases[i].name);
        } else {
            file->aliases[kept++] = file->aliases[i];
        }
    }
    file->naliases = kept;
}

static const struct passwd_entry *find_alias(const struct passwd_file *file, char *name)
{
    size_t low = 0, high = file->naliases;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->aliases[middle].name);
        if (order == 0)
            return &file->entries[file->aliases[middle].entry];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int compare_account_uids(const void *a, const void *b)
{
    const struct account *const *x = a, *const *y = b;
    return ((*x)->uid > (*y)->uid) - ((*x)->uid < (*y)->uid);
}

/* Of a file for one domain the others are not known: each may share its uid with somebody there. */
static void mark_shared(struct passwd_file *file, bool one_of_many)
{
    AUTO_FREE struct account **by_uid = xcalloc(file->count + 1, sizeof(*by_uid));
    for (size_t i = 0; i < file->count; i++)
        by_uid[i] = &file->entries[i].account;
    if (file->count)
        qsort(by_uid, file->count, sizeof(*by_uid), compare_account_uids);
    for (size_t i = 0; i < file->count; i++)
        by_uid[i]->shared = one_of_many || (i && by_uid[i - 1]->uid == by_uid[i]->uid) ||
                            (i + 1 < file->count && by_uid[i + 1]->uid == by_uid[i]->uid);
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
    collect_aliases(&r);
    mark_shared(r.file, options->domain != NULL);
    return r.file;
}

void passwd_entry_done(struct passwd_entry *entry)
{
    account_done(&entry->account);
    if (entry->secret)
        explicit_bzero(entry->secret, strlen(entry->secret));
    free(entry->secret);
    free(entry->allow_nets);
    free(entry->aliases);
    *entry = (struct passwd_entry){0};
}

void passwd_file_free(struct passwd_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        passwd_entry_done(&file->entries[i]);
    for (size_t i = 0; i < file->naliases; i++)
        free(file->aliases[i].name);
    free(file->aliases);
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
    if (!entry)
        entry = find_exact(file, text);
    return entry ? entry : find_alias(file, text);
}

const struct passwd_entry *passwd_file_find_uid(const struct passwd_file *file, uid_t uid)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->entries[i].account.uid == uid)
            return &file->entries[i];
    return NULL;
}
