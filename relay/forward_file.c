/*
 * forward_file.c - see forward_file.h.
 */
#include "relay/forward_file.h"

#include "relay/address_normal.h"

#include "base/strbuf.h"

#include <stdlib.h>

void forward_done(struct forward *f)
{
    for (size_t i = 0; i < f->naddresses; i++)
        free(f->addresses[i]);
    for (size_t i = 0; i < f->nfolders; i++)
        free(f->folders[i]);
    free(f->addresses);
    free(f->folders);
    *f = (struct forward){.naddresses = 0};
}

static void add(char ***list, size_t *n, const char *text)
{
    for (size_t i = 0; i < *n; i++)
        if (!strcmp((*list)[i], text))
            return;
    *list = xgrow(*list, *n, sizeof(char *));
    (*list)[(*n)++] = xstrdup(text);
}

static bool is_own(const struct forward_owner *owner, const char *target)
{
    struct bytes t = bytes_of(target), local, domain;
    if (*target == '\\')
        t = bytes_skip(t, 1);
    address_cut(bytes_of(owner->user), &local, &domain);
    return bytes_eq_nocase(t, bytes_of(owner->user)) ||
           (owner->address.n && bytes_eq_nocase(t, owner->address)) || bytes_eq_nocase(t, local);
}

/* "root/.Lists.dev/" is Lists/dev, "root/" is INBOX. NULL, or what is wrong. */
static const char *add_folder(struct forward *f, const struct forward_owner *owner, const char *target)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(8192);
    size_t root = strlen(owner->root);
    if (*target == '~')
        strbuf_adds(&path, owner->home);
    strbuf_adds(&path, target + (*target == '~'));
    if (path.overflow || !path.len || path.data[path.len - 1] != '/' ||
        strncmp(path.data, owner->root, root) || path.data[root] != '/')
        return "of files, only a folder of the own Maildir gets mail, with / at its end";
    strbuf_truncate(&path, path.len - 1);
    char *name = path.len > root ? path.data + root + 1 : NULL;
    if (!name) {
        add(&f->folders, &f->nfolders, "INBOX");
        return NULL;
    }
    if (*name++ != '.' || !*name || strpbrk(name, "/&") || strstr(name, ".."))
        return "this is no folder of the own Maildir";
    for (char *c = name; *c; c++)
        if (*c == '.')
            *c = '/';
    add(&f->folders, &f->nfolders, name);
    return NULL;
}

static const char *take(struct forward *f, const struct forward_owner *owner, const char *target)
{
    if (f->naddresses + f->nfolders == FORWARD_MAX)
        return "there are too many targets";
    if (*target == '|' || bytes_starts_nocase(bytes_of(target), BYTES(":include:")))
        return "mail is not given to commands, and other files are not read";
    if (*target == '/' || (target[0] == '~' && target[1] == '/'))
        return add_folder(f, owner, target);
    if (is_own(owner, target))
        add(&f->folders, &f->nfolders, "INBOX");
    else
        add(&f->addresses, &f->naddresses, target + (*target == '\\'));
    return NULL;
}

void forward_parse(struct forward *f, struct bytes text, const struct forward_owner *owner,
                   map_complain_fn *complain, void *arg)
{
    *f = (struct forward){.naddresses = 0};
    size_t line = 0;
    while (text.p && text.n) {
        struct bytes l = bytes_split(&text, '\n');
        struct map_entry entry = {.n = 0};
        line++;
        if (l.n && l.p[l.n - 1] == '\r')
            l.n--;
        l = bytes_trim(l);
        const char *wrong = l.n && l.p[0] != '#' ? map_targets(&entry, l, false) : NULL;
        if (wrong)
            complain(arg, line, wrong);
        for (size_t i = 0; i < entry.n; i++)
            if ((wrong = take(f, owner, entry.targets[i])))
                complain(arg, line, wrong);
        map_entry_done(&entry);
    }
}
