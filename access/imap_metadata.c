/*
 * imap_metadata.c - see imap_metadata.h.
 */
#include "access/imap_metadata.h"

#include "access/imap_quote.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/maildir_metadata.h"

#include <stdlib.h>

void imap_metadata_query_done(struct imap_metadata_query *q)
{
    while (q->n)
        free(q->names[--q->n]);
}

/* "/private/..." or "/shared/...", without empty components and wildcards (RFC 5464 section 3.2). */
static bool is_name(struct bytes name)
{
    bool root = bytes_starts_nocase(name, BYTES("/private/")) ||
                bytes_starts_nocase(name, BYTES("/shared/")) || bytes_eq_nocase(name, BYTES("/private")) ||
                bytes_eq_nocase(name, BYTES("/shared"));
    if (!root || name.n > METADATA_NAME_MAX || !text_is_printable(name) || name.p[name.n - 1] == '/')
        return false;
    return !memmem(name.p, name.n, "//", 2) && !memchr(name.p, '*', name.n) && !memchr(name.p, '%', name.n) &&
           !memchr(name.p, ' ', name.n);
}

bool imap_metadata_name(struct imap *s, struct imap_args *a, char **name)
{
    struct bytes text;
    if (!imap_args_astring(a, &text) || !is_name(text)) {
        imap_bad(s, "The name of an entry was expected, as /private/comment or /shared/vendor/name/entry");
        return false;
    }
    *name = bytes_dup(text);
    for (char *p = *name; *p; p++)
        *p = ascii_lower(*p);
    return true;
}

static bool add_name(struct imap *s, struct imap_args *a, struct imap_metadata_query *q)
{
    if (q->n == IMAP_METADATA_NAMES_MAX) {
        imap_no(s, "[LIMIT] At most %d entries can be named at once", IMAP_METADATA_NAMES_MAX);
        return false;
    }
    return imap_metadata_name(s, a, &q->names[q->n]) && ++q->n;
}

bool imap_metadata_names(struct imap *s, struct imap_args *a, struct imap_metadata_query *q)
{
    struct imap_args list;
    if (!imap_args_list(a, &list))
        return add_name(s, a, q);
    do {
        if (!add_name(s, &list, q))
            return false;
    } while (!imap_args_end(&list));
    return true;
}

/* Is the entry one that was named, or so many levels below? */
static bool is_wanted(const char *entry, const char *name, unsigned depth)
{
    size_t n = strlen(name);
    if (strncmp(entry, name, n) != 0)
        return false;
    if (!entry[n])
        return true;
    return entry[n] == '/' && depth > 0 && (depth > 1 || !strchr(entry + n + 1, '/'));
}

/* A value with NULs has no other form than literal8 (RFC 3516). */
static void put_value(struct imap *s, struct bytes value)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(2 * METADATA_VALUE_MAX + 100);
    if (memchr(value.p, '\0', value.n)) {
        strbuf_addf(&text, "~{%zu}\r\n", value.n);
        strbuf_addb(&text, value);
    } else
        imap_string(&text, value);
    imap_put(s, strbuf_bytes(&text));
}

static void put_entry(struct imap *s, const char *name, const struct strbuf *value, bool *any)
{
    imap_puts(s, *any ? " " : "(");
    imap_puts(s, name);
    imap_puts(s, " ");
    if (value)
        put_value(s, strbuf_bytes(value));
    else
        imap_puts(s, "NIL");
    *any = true;
}

static void put_matching(struct imap *s, const struct metadata *m, const char *name,
                         struct imap_metadata_query *q, bool *any)
{
    bool found = false;
    for (size_t i = 0; i < m->n; i++) {
        const struct metadata_entry *e = &m->items[i];
        if (!is_wanted(e->name, name, q->depth))
            continue;
        found = true;
        if (e->value.len <= q->max_size)
            put_entry(s, e->name, &e->value, any);
        else if (e->value.len > q->left_out)
            q->left_out = e->value.len;
    }
    if (!found && q->depth == 0)
        put_entry(s, name, NULL, any);
}

int imap_metadata_answer(struct imap *s, const char *name, const char *shown_name,
                         struct imap_metadata_query *q, struct err *e)
{
    AUTO_METADATA struct metadata m = {NULL, 0};
    AUTO_STRBUF struct strbuf shown = STRBUF_INIT(16384);
    bool any = false;
    if (mail_store_metadata(s->store, name, &m, e))
        return -1;
    imap_mailbox_write(s, &shown, shown_name);
    imap_puts(s, "* METADATA ");
    imap_put(s, strbuf_bytes(&shown));
    imap_puts(s, " ");
    for (size_t i = 0; i < q->n; i++)
        put_matching(s, &m, q->names[i], q, &any);
    imap_puts(s, any ? ")\r\n" : "()\r\n");
    return 0;
}
