/*
 * imap_cmd_list.c - LIST and LSUB, with SPECIAL-USE (RFC 6154) and CHILDREN (RFC 3348).
 *
 * Special uses go by the names that clients give such folders, and are shown on plain LIST and on LSUB, where
 * Apple's and Microsoft's programs look for them. Of several candidates the one named first in the table has
 * the use.
 */
#include "access/imap_commands.h"
#include "access/imap_match.h"
#include "base/cleanup.h"
#include "maildir/mutf7.h"

#define SEPARATOR    '.'
#define NAME_OUT_MAX 16384
#define PATTERNS_MAX 100

static const struct {
    const char *name, *use;
} special[] = {
    {"Sent", "\\Sent"},           {"Sent Messages", "\\Sent"}, {"Sent Items", "\\Sent"},
    {"Drafts", "\\Drafts"},       {"Trash", "\\Trash"},        {"Deleted Messages", "\\Trash"},
    {"Deleted Items", "\\Trash"}, {"Junk", "\\Junk"},          {"Spam", "\\Junk"},
    {"Archive", "\\Archive"},     {"Archives", "\\Archive"},
};

struct listing {
    struct imap *s;
    bool lsub, special_only, subscribed_only, tell_subscribed;
    struct imap_pattern *patterns[PATTERNS_MAX];
    bool ends_in_percent[PATTERNS_MAX];
    size_t npatterns;
    struct mail_folder *folders;
    size_t n;
    const char *owner[ARRAY_LEN(special)]; /* folder that goes by this row's name, if it exists */
};

static void listing_done(struct listing *l)
{
    for (size_t i = 0; i < l->npatterns; i++)
        imap_pattern_free(l->patterns[i]);
    mail_folders_free(l->folders, l->n);
}
#define AUTO_LISTING __attribute__((cleanup(listing_done)))

/* ---- special uses ---- */

static void find_owners(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        for (size_t row = 0; l->folders[i].exists && row < ARRAY_LEN(special); row++) {
            if (!l->owner[row] && bytes_eq_nocase(bytes_of(l->folders[i].name), bytes_of(special[row].name)))
                l->owner[row] = l->folders[i].name;
        }
    }
}

static const char *use_of(const struct listing *l, const char *name)
{
    const char *taken = "";
    for (size_t row = 0; row < ARRAY_LEN(special); row++) {
        if (!l->owner[row] || strcmp(special[row].use, taken) == 0)
            continue;
        if (l->owner[row] == name)
            return special[row].use;
        taken = special[row].use;
    }
    return NULL;
}

/* ---- reading the command ---- */

static bool read_options(struct imap_args *list, const char *const *names, bool *const *flags, size_t n)
{
    while (!imap_args_end(list)) {
        size_t i = 0;
        while (i < n && !imap_args_word(list, names[i]))
            i++;
        if (i == n)
            return false;
        if (flags[i])
            *flags[i] = true;
    }
    return true;
}

/* "(SPECIAL-USE SUBSCRIBED)" in front. */
static bool read_selection(struct listing *l, struct imap_args *a)
{
    static const char *const names[] = {"SPECIAL-USE", "SUBSCRIBED", "REMOTE"};
    struct imap_args list;
    if (!imap_args_list(a, &list))
        return true;
    return read_options(&list, names, (bool *[]){&l->special_only, &l->subscribed_only, NULL},
                        ARRAY_LEN(names));
}

/* "RETURN (SPECIAL-USE CHILDREN)" at the end: both are shown anyway. */
static bool read_return(struct listing *l, struct imap_args *a)
{
    static const char *const names[] = {"SPECIAL-USE", "CHILDREN", "SUBSCRIBED"};
    struct imap_args list;
    if (!imap_args_word(a, "RETURN"))
        return true;
    return imap_args_list(a, &list) &&
           read_options(&list, names, (bool *[]){NULL, NULL, &l->tell_subscribed}, ARRAY_LEN(names));
}

static bool add_pattern(struct listing *l, struct bytes reference, struct bytes pattern)
{
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(NAME_OUT_MAX);
    if (l->npatterns == PATTERNS_MAX)
        return false;
    strbuf_addb(&whole, reference);
    strbuf_addb(&whole, pattern);
    l->ends_in_percent[l->npatterns] = whole.len > 0 && whole.data[whole.len - 1] == '%';
    l->patterns[l->npatterns] = whole.overflow ? NULL : imap_pattern_new(strbuf_bytes(&whole), SEPARATOR);
    return l->patterns[l->npatterns] && ++l->npatterns;
}

static bool read_patterns(struct listing *l, struct imap_args *a, bool *root)
{
    struct bytes reference, pattern;
    struct imap_args list;
    *root = false;
    if (!imap_args_astring(a, &reference))
        return false;
    if (!imap_args_list(a, &list)) {
        if (!imap_args_astring(a, &pattern))
            return false;
        *root = pattern.n == 0;
        return add_pattern(l, reference, pattern);
    }
    while (imap_args_astring(&list, &pattern)) {
        if (!add_pattern(l, reference, pattern))
            return false;
    }
    return imap_args_end(&list) && l->npatterns > 0;
}

/* ---- answering ---- */

/* Which pattern matches the name, or -1. Matching is done in the form that the client sees. */
static int matching(const struct listing *l, const char *name)
{
    AUTO_STRBUF struct strbuf wire = STRBUF_INIT(NAME_OUT_MAX);
    if (!mutf7_encode(&wire, bytes_of(name)) || wire.overflow)
        return -1;
    struct bytes b = strbuf_bytes(&wire);
    bool inbox = bytes_starts_nocase(b, BYTES("INBOX")) && (b.n == 5 || b.p[5] == SEPARATOR);
    for (size_t i = 0; i < l->npatterns; i++) {
        if (imap_pattern_match_inbox(l->patterns[i], b, inbox ? 5 : 0))
            return (int)i;
    }
    return -1;
}

static bool has_subscribed_child(const struct listing *l, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < l->n; i++) {
        const struct mail_folder *f = &l->folders[i];
        if (f->subscribed && strncmp(f->name, name, n) == 0 && f->name[n] == SEPARATOR)
            return true;
    }
    return false;
}

/* Is the folder in this listing? *placeholder: only as the parent of one that is (RFC 3501 6.3.9). */
static bool wanted(const struct listing *l, const struct mail_folder *f, bool *placeholder)
{
    *placeholder = false;
    if (l->special_only && !use_of(l, f->name))
        return false;
    bool subscribed_needed = l->lsub || l->subscribed_only;
    if (!subscribed_needed && !f->exists && !f->has_children)
        return false;
    if (subscribed_needed && !f->subscribed && !l->lsub)
        return false;
    int pattern = matching(l, f->name);
    if (pattern < 0)
        return false;
    if (!subscribed_needed || f->subscribed)
        return true;
    *placeholder = true;
    return l->ends_in_percent[pattern] && has_subscribed_child(l, f->name);
}

static void answer(const struct listing *l, const struct mail_folder *f, bool placeholder)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(NAME_OUT_MAX);
    const char *use = f->exists ? use_of(l, f->name) : NULL;
    strbuf_adds(&line, l->lsub ? "LSUB (" : "LIST (");
    if (!f->exists || placeholder)
        strbuf_adds(&line, "\\Noselect ");
    strbuf_adds(&line, f->has_children ? "\\HasChildren" : "\\HasNoChildren");
    if (f->exists)
        strbuf_adds(&line, f->has_new ? " \\Marked" : " \\Unmarked");
    if (use)
        strbuf_addf(&line, " %s", use);
    if ((l->tell_subscribed || l->subscribed_only) && f->subscribed)
        strbuf_adds(&line, " \\Subscribed");
    strbuf_addf(&line, ") \"%c\" ", SEPARATOR);
    imap_mailbox_write(l->s, &line, f->name);
    imap_untagged(l->s, "%s", line.data);
}

static enum imap_status list(struct imap *s, bool lsub)
{
    AUTO_LISTING struct listing l = {.s = s, .lsub = lsub};
    struct err e;
    bool root, placeholder;
    if ((!lsub && !read_selection(&l, &s->args)) || !read_patterns(&l, &s->args, &root) ||
        (!lsub && !read_return(&l, &s->args)))
        return imap_bad(s, "%s takes a reference and a pattern", lsub ? "LSUB" : "LIST");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (root && !lsub) {
        imap_untagged(s, "LIST (\\Noselect) \"%c\" \"\"", SEPARATOR);
        return imap_ok(s, "The root and the separator");
    }
    if (mail_store_folders(s->store, &l.folders, &l.n, &e))
        return imap_no_err(s, &e);
    find_owners(&l);
    for (size_t i = 0; i < l.n && !s->io.dead; i++) {
        if (wanted(&l, &l.folders[i], &placeholder))
            answer(&l, &l.folders[i], placeholder);
    }
    return imap_ok(s, "Listed");
}

enum imap_status imap_cmd_list(struct imap *s)
{
    return list(s, false);
}

enum imap_status imap_cmd_lsub(struct imap *s)
{
    return list(s, true);
}
