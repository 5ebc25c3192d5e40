/*
 * maildir_special.c - see maildir_special.h. A folder that another program renames or deletes leaves a line that nobody asks for.
 */
#include "maildir/maildir_special.h"

#include "maildir/maildir_internal.h"

#include <stdlib.h>

#define FILE_NAME    "posthouse-special-use"
#define HEADER       FILE_NAME " 1\n"
#define FILE_MAX     65536
#define LINES_MAX    100
#define USES_LEN_MAX 100

void mail_uses_done(struct mail_uses *uses)
{
    for (size_t i = 0; i < uses->n; i++) {
        free(uses->items[i].folder);
        free(uses->items[i].uses);
    }
    free(uses->items);
    *uses = (struct mail_uses){.n = 0};
}
#define AUTO_USES __attribute__((cleanup(mail_uses_done)))

static void add(struct mail_uses *uses, struct bytes folder, struct bytes use)
{
    char *name = uses->n < LINES_MAX ? bytes_dup(folder) : NULL;
    char *text = name ? bytes_dup(use) : NULL;
    if (!text) {
        free(name);
        return;
    }
    uses->items = xgrow(uses->items, uses->n, sizeof(*uses->items));
    uses->items[uses->n++] = (struct mail_use){name, text};
}

void mail_uses_parse(struct mail_uses *uses, struct bytes text)
{
    *uses = (struct mail_uses){.n = 0};
    if (!bytes_starts_nocase(text, BYTES(HEADER)))
        return;
    text = bytes_skip(text, sizeof(HEADER) - 1);
    while (text.n) {
        size_t end = bytes_index(text, '\n');
        struct bytes line = {text.p, end};
        size_t blank = bytes_index(line, ' ');
        if (line.n && *line.p == '\\' && blank <= USES_LEN_MAX && blank + 1 < line.n)
            add(uses, bytes_skip(line, blank + 1), (struct bytes){line.p, blank});
        text = bytes_skip(text, end < text.n ? end + 1 : end);
    }
}

void mail_store_uses(struct mail_store *store, struct mail_uses *uses)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FILE_MAX);
    struct err ignored;
    if (fs_read_file(store->fd, FILE_NAME, &text, &ignored))
        *uses = (struct mail_uses){.n = 0};
    else
        mail_uses_parse(uses, strbuf_bytes(&text));
}

static int write_uses(struct mail_store *store, const struct mail_uses *uses, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FILE_MAX);
    strbuf_adds(&text, HEADER);
    for (size_t i = 0; i < uses->n; i++)
        if (*uses->items[i].uses)
            strbuf_addf(&text, "%s %s\n", uses->items[i].uses, uses->items[i].folder);
    if (text.overflow)
        return err_set(e, ERR_LIMIT, "too many folders with a special use");
    return fs_replace(store->fd, FILE_NAME, FILE_NAME ".tmp", strbuf_bytes(&text), 0600, true, e);
}

/* Change the file under its lock; true from change: there is something to write. */
static int edit(struct mail_store *store, bool (*change)(struct mail_uses *uses, const void *arg),
                const void *arg, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_USES struct mail_uses uses = {.n = 0};
    if (maildir_lock_take(&lock, store->fd, FILE_NAME ".lock", false, e))
        return -1;
    mail_store_uses(store, &uses);
    return change(&uses, arg) ? write_uses(store, &uses, e) : 0;
}

static bool set(struct mail_uses *uses, const void *arg)
{
    const struct mail_use *new = arg;
    for (size_t i = 0; i < uses->n; i++)
        if (!strcmp(uses->items[i].folder, new->folder))
            *uses->items[i].uses = '\0';
    if (new->uses)
        add(uses, bytes_of(new->folder), bytes_of(new->uses));
    return true;
}

int mail_store_set_use(struct mail_store *store, const char *folder, const char *uses, struct err *e)
{
    struct mail_use new = {(char *)folder, (char *)uses};
    return edit(store, set, &new, e);
}

static bool move(struct mail_uses *uses, const void *arg)
{
    const char *const *names = arg;
    size_t n = strlen(names[0]);
    bool any = false;
    for (size_t i = 0; i < uses->n; i++) {
        struct mail_use *u = &uses->items[i];
        bool it = !strcmp(u->folder, names[0]);
        if (!it && (!names[1] || strncmp(u->folder, names[0], n) || u->folder[n] != '.'))
            continue;
        any = true;
        if (names[1]) {
            AUTO_STRBUF struct strbuf moved = STRBUF_INIT(4096);
            strbuf_addf(&moved, "%s%s", names[1], u->folder + n);
            free(u->folder);
            u->folder = strbuf_detach(&moved);
        } else
            *u->uses = '\0';
    }
    return any;
}

void mail_store_move_use(struct mail_store *store, const char *from, const char *to)
{
    const char *names[] = {from, to};
    struct err ignored; /* the folder goes by its name, then */
    if (!faccessat(store->fd, FILE_NAME, F_OK, 0))
        (void)edit(store, move, names, &ignored);
}
