/*
 * imap_fetch.c - what FETCH asks for, read from the command, and one message's answer made of it.
 *
 * An item that cannot be had (the message is gone or unreadable) is left out, and FETCH ends with NO.
 */
#include "access/imap_cache.h"
#include "access/imap_condstore.h"
#include "access/imap_fetch_items.h"
#include "base/cleanup.h"

static const struct {
    const char *name;
    const char *items[6];
} macros[] = {
    {"ALL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
    {"FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
    {"FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}},
};

static struct imap_fetch_item *add_item(struct imap_fetch *fetch, const struct imap_fetch_row *row)
{
    if (fetch->n == IMAP_FETCH_ITEMS_MAX)
        return NULL;
    fetch->items = xgrow(fetch->items, fetch->n, sizeof(*fetch->items));
    struct imap_fetch_item *item = &fetch->items[fetch->n++];
    *item = (struct imap_fetch_item){.row = row, .section = {.text = row->text}};
    fetch->sees |= row->sees;
    return item;
}

static bool add_named(struct imap_fetch *fetch, struct bytes name)
{
    const struct imap_fetch_row *row = imap_fetch_row(name);
    return row && add_item(fetch, row);
}

static bool add_section(struct imap_fetch *fetch, struct bytes text, const struct imap_fetch_row *row,
                        struct imap_args *a)
{
    struct imap_fetch_item *item = add_item(fetch, row);
    if (!item || !imap_section_parse(&item->section, text, a))
        return false;
    if (row == &imap_fetch_body || row == &imap_fetch_peek)
        return true;
    return item->section.text == IMAP_SECTION_ALL &&
           (row != &imap_fetch_binary_size || !item->section.partial);
}

static const struct {
    struct bytes name;
    const struct imap_fetch_row *row;
} sections[] = {
    {BYTES_OF("BODY["), &imap_fetch_body},
    {BYTES_OF("BODY.PEEK["), &imap_fetch_peek},
    {BYTES_OF("BINARY["), &imap_fetch_binary},
    {BYTES_OF("BINARY.PEEK["), &imap_fetch_binary_peek},
    {BYTES_OF("BINARY.SIZE["), &imap_fetch_binary_size},
};

/* "(LAZY)" behind PREVIEW (RFC 8970). Another list may be one of modifiers of FETCH. */
static void read_lazy(struct imap_fetch *fetch, struct imap_args *a)
{
    struct imap_args ahead = *a, list;
    if (imap_args_list(&ahead, &list) && imap_args_word(&list, "LAZY") && imap_args_end(&list)) {
        fetch->items[fetch->n - 1].lazy = true;
        *a = ahead;
    }
}

static bool read_item(struct imap_fetch *fetch, struct imap_args *a)
{
    struct bytes name;
    if (!imap_args_atom(a, &name))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (bytes_starts_nocase(name, sections[i].name))
            return add_section(fetch, bytes_skip(name, sections[i].name.n), sections[i].row, a);
    if (!add_named(fetch, name))
        return false;
    if (bytes_eq_nocase(name, BYTES("PREVIEW")))
        read_lazy(fetch, a);
    return true;
}

static bool read_macro(struct imap_fetch *fetch, struct imap_args *a)
{
    for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
        if (!imap_args_word(a, macros[i].name))
            continue;
        for (const char *const *item = macros[i].items; *item; item++)
            add_named(fetch, bytes_of(*item));
        return true;
    }
    return false;
}

static bool read_items(struct imap *s, struct imap_fetch *fetch, bool implied)
{
    struct imap_args list;
    if (imap_args_list(&s->args, &list)) {
        while (!imap_args_end(&list)) {
            if (!read_item(fetch, &list))
                return false;
        }
        return fetch->n > (implied ? 1 : 0);
    }
    return read_macro(fetch, &s->args) || read_item(fetch, &s->args);
}

/* What can be known once for all messages. */
static void look_ahead(struct imap_fetch *fetch)
{
    bool whole = false;
    for (size_t i = 0; i < fetch->n; i++)
        whole |= (fetch->items[i].row->needs & IMAP_FETCH_NEEDS_ALL) != 0;
    for (size_t i = 0; i < fetch->n; i++) {
        fetch->items[i].whole = whole;
        fetch->items[i].fields = imap_cache_mask(&fetch->items[i].section);
    }
}

static bool asks_for(const struct imap_fetch *fetch, const char *name)
{
    const struct imap_fetch_row *row = imap_fetch_row(bytes_of(name));
    for (size_t i = 0; i < fetch->n; i++)
        if (fetch->items[i].row == row)
            return true;
    return false;
}

void imap_fetch_add(struct imap_fetch *fetch, const char *name)
{
    if (!asks_for(fetch, name))
        add_named(fetch, bytes_of(name));
}

/* UID was asked for too: once is enough. */
static void drop_second_uid(struct imap_fetch *fetch)
{
    for (size_t i = 1; i < fetch->n; i++)
        if (fetch->items[i].row == imap_fetch_row(BYTES("UID")))
            memmove(&fetch->items[i], &fetch->items[i + 1], (--fetch->n - i) * sizeof(*fetch->items));
}

static bool read_all(struct imap *s, struct imap_fetch *fetch)
{
    bool implied = s->by_uid && !imap_uidonly(s);
    if (implied)
        add_named(fetch, BYTES("UID"));
    if (!read_items(s, fetch, implied)) {
        imap_bad(s, "Unknown or malformed FETCH item, or too many of them");
        return false;
    }
    if (implied)
        drop_second_uid(fetch);
    return imap_fetch_modifiers(s, fetch) && imap_session_no_more_args(s) &&
           (!asks_for(fetch, "MODSEQ") || imap_condstore_use(s));
}

bool imap_fetch_parse(struct imap *s, struct imap_fetch *fetch)
{
    *fetch = (struct imap_fetch){0};
    if (read_all(s, fetch)) {
        look_ahead(fetch);
        return true;
    }
    imap_fetch_done(fetch);
    return false;
}

void imap_fetch_done(struct imap_fetch *fetch)
{
    free(fetch->items);
    *fetch = (struct imap_fetch){0};
}

/* ---- answering ---- */

static unsigned needs_of(const struct imap_fetch_item *item)
{
    return item->fields ? IMAP_FETCH_NEEDS_HEADER : item->row->needs;
}

/* Find out or open what the items need, so that a message which is gone gets no answer at all. */
static int prepare(const struct imap_fetch *fetch, struct imap_message *m)
{
    struct imap_cached cached;
    for (size_t i = 0; i < fetch->n; i++) {
        unsigned needs = needs_of(&fetch->items[i]);
        if ((needs & IMAP_FETCH_NEEDS_FILE && imap_message_fd(m) < 0) ||
            (needs & IMAP_FETCH_NEEDS_INFO && !imap_message_info(m)) ||
            (needs & (IMAP_FETCH_NEEDS_HEADER | IMAP_FETCH_NEEDS_ALL) &&
             !imap_cache_get(m, fetch->items[i].whole, &cached)))
            return -1;
    }
    return 0;
}

/* Write an item behind a blank. One that fails has written nothing, and the blank is taken back. */
static int put_item(struct imap *s, struct imap_message *m, const struct imap_fetch_item *item, bool *any)
{
    if (*any)
        imap_puts(s, " ");
    if (item->row->put(s, m, item)) {
        imap_io_unwrite(&s->io, *any ? 1 : 0);
        return -1;
    }
    *any = true;
    return 0;
}

/* \Seen was set: what a client has to be told of that (RFC 7162 section 3.2.4). */
static int put_forced(struct imap *s, const struct imap_fetch *fetch, struct imap_message *m, bool *any)
{
    static const char *const names[] = {"FLAGS", "UID", "MODSEQ"};
    bool condstore = s->enabled & IMAP_ENABLED_CONDSTORE && s->has_modseqs;
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool wanted = i == 0 || (condstore && (i == 2 || !imap_uidonly(s)));
        if (wanted && !asks_for(fetch, names[i]))
            failed |=
                put_item(s, m, &(struct imap_fetch_item){.row = imap_fetch_row(bytes_of(names[i]))}, any);
    }
    return failed;
}

int imap_fetch_send(struct imap *s, const struct imap_fetch *fetch, struct imap_message *m, bool force_flags)
{
    int failed = 0;
    bool any = false;
    if (prepare(fetch, m))
        return -1;
    imap_put_fetch(s, m->uid);
    for (size_t i = 0; i < fetch->n && !s->io.dead; i++)
        failed |= put_item(s, m, &fetch->items[i], &any);
    if (force_flags)
        failed |= put_forced(s, fetch, m, &any);
    if (!any)
        put_item(s, m, &(struct imap_fetch_item){.row = imap_fetch_row(BYTES("UID"))}, &any);
    imap_puts(s, ")\r\n");
    return failed;
}
