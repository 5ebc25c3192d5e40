/*
 * imap_list.c - see imap_list.h.
 *
 * Names are matched in UTF-8. Clients that come from Courier know folders as INBOX.Sent: a pattern that begins with "INBOX." finds Sent, too,
 * and the answer is in the form that was asked for; no other pattern does, so that nothing is listed twice. Special uses are shown
 * also on plain LIST and on LSUB, where Apple's and Microsoft's programs look for them.
 */
#include "access/imap_list.h"

#include "access/imap_status_items.h"
#include "base/cleanup.h"

#include <stdlib.h>

#define LINE_OCTETS_MAX 32768
#define NAME_OCTETS_MAX 8192
#define ALIAS           "INBOX."

struct tree {
    struct imap *s;
    struct imap_list *l;
    struct mail_folder *folders;
    size_t n;
    struct imap_special *special;
};

void imap_list_done(struct imap_list *l)
{
    while (l->npatterns)
        imap_pattern_free(l->patterns[--l->npatterns].pattern);
    imap_metadata_query_done(&l->metadata);
}

static void tree_done(struct tree *t)
{
    imap_special_free(t->special);
    mail_folders_free(t->folders, t->n);
}

/* ---- which ---- */

enum match { NO_MATCH, MATCH, MATCH_ALIAS, MATCH_PERCENT = 4 /* by a pattern that ends in it */ };

static enum match match_one(const struct imap_list *l, size_t i, const char *name)
{
    struct bytes b = bytes_of(name);
    bool inbox = bytes_starts_nocase(b, BYTES("INBOX")) && (b.n == 5 || b.p[5] == '.');
    enum match percent = l->patterns[i].ends_in_percent ? MATCH_PERCENT : NO_MATCH;
    if (imap_pattern_match_inbox(l->patterns[i].pattern, b, inbox ? 5 : 0))
        return MATCH | percent;
    if (!l->patterns[i].alias || inbox)
        return NO_MATCH;
    AUTO_STRBUF struct strbuf alias = STRBUF_INIT(NAME_OCTETS_MAX);
    strbuf_addf(&alias, ALIAS "%s", name);
    if (!imap_pattern_match_inbox(l->patterns[i].pattern, strbuf_bytes(&alias), 5))
        return NO_MATCH;
    return MATCH_ALIAS | percent;
}

static enum match match(const struct imap_list *l, const char *name)
{
    enum match m = NO_MATCH;
    for (size_t i = 0; i < l->npatterns && !m; i++)
        m = match_one(l, i, name);
    return m;
}

static bool is_selected(const struct tree *t, const struct mail_folder *f)
{
    unsigned select = t->l->select;
    return (!(select & IMAP_LIST_SUBSCRIBED) || f->subscribed) &&
           (!(select & IMAP_LIST_SPECIAL_USE) || *imap_special_of(t->special, f));
}

/* Has it descendants that are selected; not counting those that are listed themselves, if so wanted? */
static bool has_selected_below(const struct tree *t, const struct mail_folder *f, bool unlisted)
{
    size_t n = strlen(f->name);
    for (size_t i = 0; i < t->n; i++) {
        const struct mail_folder *g = &t->folders[i];
        if (strncmp(g->name, f->name, n) == 0 && g->name[n] == '.' && is_selected(t, g) &&
            !(unlisted && match(t->l, g->name)))
            return true;
    }
    return false;
}

/* What is listed of f: as itself, as the parent of something that is selected, or both. */
enum listed { NOT_LISTED, ITSELF, PARENT };

static unsigned listed(const struct tree *t, const struct mail_folder *f, enum match m)
{
    const struct imap_list *l = t->l;
    if (l->lsub) /* RFC 3501 6.3.9: a parent only for a pattern with % */
        return f->subscribed                                            ? ITSELF
               : (m & MATCH_PERCENT) && has_selected_below(t, f, false) ? PARENT
                                                                        : NOT_LISTED;
    if (!(l->select & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE)))
        return f->exists || f->has_children ? ITSELF : NOT_LISTED;
    unsigned what = is_selected(t, f) ? ITSELF : NOT_LISTED;
    if (l->select & IMAP_LIST_RECURSIVEMATCH && has_selected_below(t, f, !what))
        what |= PARENT;
    return what;
}

/* ---- how ---- */

static void write_attributes(const struct tree *t, const struct mail_folder *f, unsigned what,
                             struct strbuf *out)
{
    const struct imap_list *l = t->l;
    unsigned wanted = l->select | l->give;
    if (!f->exists)
        strbuf_adds(out, l->extended ? "\\NonExistent " : "\\Noselect ");
    else if (l->lsub && what == PARENT)
        strbuf_adds(out, "\\Noselect ");
    strbuf_adds(out, f->has_children ? "\\HasChildren" : "\\HasNoChildren");
    strbuf_adds(out, imap_special_of(t->special, f));
    if (!l->lsub && wanted & IMAP_LIST_SUBSCRIBED && f->subscribed)
        strbuf_adds(out, " \\Subscribed");
}

static void write_childinfo(const struct imap_list *l, struct strbuf *out)
{
    strbuf_addf(out, " (\"CHILDINFO\" (%s%s%s))", l->select & IMAP_LIST_SUBSCRIBED ? "\"SUBSCRIBED\"" : "",
                (l->select & IMAP_LIST_SUBSCRIBED) && (l->select & IMAP_LIST_SPECIAL_USE) ? " " : "",
                l->select & IMAP_LIST_SPECIAL_USE ? "\"SPECIAL-USE\"" : "");
}

static void write_oldname(const struct imap *s, const char *old_name, struct strbuf *out)
{
    strbuf_adds(out, " (\"OLDNAME\" (");
    imap_mailbox_write(s, out, old_name);
    strbuf_adds(out, "))");
}

static void answer(const struct tree *t, const struct mail_folder *f, enum match m, unsigned what)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(LINE_OCTETS_MAX);
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(NAME_OCTETS_MAX);
    struct err e; /* of a folder that has gone meanwhile */
    strbuf_addf(&name, "%s%s", m & MATCH_ALIAS ? ALIAS : "", f->name);
    strbuf_adds(&line, t->l->lsub ? "LSUB (" : "LIST (");
    write_attributes(t, f, what, &line);
    strbuf_adds(&line, ") \".\" ");
    imap_mailbox_write(t->s, &line, name.data);
    if (what & PARENT && !t->l->lsub)
        write_childinfo(t->l, &line);
    imap_untagged(t->s, "%s", line.data);
    if (t->l->status && f->exists)
        (void)imap_status_answer(t->s, f->name, name.data, t->l->status, &e);
    if (t->l->metadata.n && f->exists)
        (void)imap_metadata_answer(t->s, f->name, name.data, &t->l->metadata, &e);
}

static int read_tree(struct tree *t, struct err *e)
{
    if (mail_store_folders(t->s->store, &t->folders, &t->n, e))
        return -1;
    t->special = imap_special_new(t->s->store, t->folders, t->n);
    return 0;
}

int imap_list_run(struct imap *s, struct imap_list *l, struct err *e)
{
    struct tree t = {.s = s, .l = l};
    if (read_tree(&t, e))
        return -1;
    for (size_t i = 0; i < t.n && !s->io.dead; i++) {
        enum match m = match(l, t.folders[i].name);
        unsigned what = m ? listed(&t, &t.folders[i], m) : NOT_LISTED;
        if (what)
            answer(&t, &t.folders[i], m, what);
    }
    tree_done(&t);
    return 0;
}

/* ---- one that nobody asked for ---- */

static void tell(const struct tree *t, const struct mail_folder *f, const char *old_name)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(LINE_OCTETS_MAX);
    strbuf_adds(&line, "LIST (");
    write_attributes(t, f, ITSELF, &line);
    strbuf_adds(&line, ") \".\" ");
    imap_mailbox_write(t->s, &line, f->name);
    if (old_name)
        write_oldname(t->s, old_name, &line);
    imap_untagged(t->s, "%s", line.data);
}

static struct imap_list unasked = {.extended = true, .give = IMAP_LIST_SUBSCRIBED};

void imap_list_tell_name(struct imap *s, const char *name, const char *old_name)
{
    struct tree t = {.s = s, .l = &unasked};
    struct err ignored;
    if (read_tree(&t, &ignored))
        return;
    for (size_t i = 0; i < t.n; i++)
        if (strcmp(t.folders[i].name, name) == 0)
            tell(&t, &t.folders[i], old_name);
    tree_done(&t);
}

void imap_list_tell(struct imap *s, const struct mail_folder *f, const char *old_name)
{
    if (f->exists)
        imap_list_tell_name(s, f->name, old_name);
    else
        tell(&(struct tree){.s = s, .l = &unasked, .special = NULL}, f, old_name);
}
